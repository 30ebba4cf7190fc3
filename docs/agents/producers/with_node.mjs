// An agent in Node that sends a sample each second with @platformatic/kafka.
//
//     node with_node.mjs USER [AGENT]
//
// SIGTERM or Ctrl-C delivers a last sample and ends it.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  compatibilityPartitioner,
  ProduceAcks,
  Producer,
  stringSerializers,
} from '@platformatic/kafka'

const INTERVAL_MS = 1000
const [user, named] = process.argv.slice(2)
// New for each process: processes that share an id count as one agent and may lose samples.
const agent = named ?? `${os.hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
const topic = process.env.FLEETGAUGE_SAMPLES_TOPIC ?? 'fleet.samples'

function newProducer() {
  const {
    FLEETGAUGE_KAFKA_BOOTSTRAP: bootstrap,
    FLEETGAUGE_KAFKA_SECURITY_PROTOCOL: security = 'PLAINTEXT',
    FLEETGAUGE_KAFKA_CA_FILE: caFile,
    FLEETGAUGE_KAFKA_SASL_MECHANISM: mechanism,
    FLEETGAUGE_KAFKA_USERNAME: username,
    FLEETGAUGE_KAFKA_PASSWORD: password,
  } = process.env
  return new Producer({
    clientId: 'agent',
    bootstrapBrokers: bootstrap.split(','),
    tls: security.includes('SSL') ? { ca: caFile && readFileSync(caFile) } : undefined,
    sasl: security.startsWith('SASL') ? { mechanism, username, password } : undefined,
    serializers: stringSerializers,
    // As in Java; the default places half of all keys elsewhere.
    partitioner: compatibilityPartitioner,
    // `deliver` retries. No idempotence either: duplicates count once.
    retries: 0,
  })
}

let counts = { messages: 0, errors: 0, responseMs: 0 }
const stopping = new AbortController()

// The agent's actual work: a message takes some milliseconds, and one in fifty fails.
async function work() {
  while (!stopping.signal.aborted) {
    const begun = performance.now()
    await sleep(5 + 45 * Math.random())
    counts.messages += 1
    if (Math.random() < 0.02) counts.errors += 1
    counts.responseMs += performance.now() - begun
  }
}

let before = { cpu: process.cpuUsage(), at: performance.now() }

// Percent of all processors since the previous call: one busy processor out of four is 25.
function cpuPercent() {
  const now = { cpu: process.cpuUsage(), at: performance.now() }
  const busyMs = (now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system) / 1000
  const share = busyMs / (now.at - before.at) / os.availableParallelism()
  before = now
  return Math.min(100 * share, 100)
}

// A sample event of this process, as JSON.
function sample() {
  const { messages, errors, responseMs } = counts
  counts = { messages: 0, errors: 0, responseMs: 0 }
  return JSON.stringify({
    type: 'sample',
    userId: user,
    agentId: agent,
    ts: new Date().toISOString(),
    cpu: cpuPercent(),
    memory: (100 * process.memoryUsage.rss()) / os.totalmem(),
    messages,
    errors,
    // Omitted without messages.
    responseMs: messages ? responseMs / messages : undefined,
  })
}

// Retries until the broker acknowledges (1), or an attempt fails while stopping (0).
async function deliver(producer, value) {
  for (;;) {
    try {
      // `acks` is per call: the default here is one replica, whatever the producer's option.
      await producer.send({ acks: ProduceAcks.ALL, messages: [{ topic, key: agent, value }] })
      return 1
    } catch (error) {
      console.error('not acknowledged:', error.message)
      if (stopping.signal.aborted) return 0
      await pause()
    }
  }
}

async function pause() {
  await sleep(INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => {})
}

process.on('SIGTERM', () => stopping.abort())
process.on('SIGINT', () => stopping.abort())
console.error('sampling as', agent)
const producer = newProducer()
const working = work()
let sent = 0
let acknowledged = 0
while (!stopping.signal.aborted) {
  acknowledged += await deliver(producer, sample())
  sent += 1
  await pause()
}
await working
acknowledged += await deliver(producer, sample())
sent += 1
await producer.close()
console.error(`${acknowledged} of ${sent} samples acknowledged`)
process.exitCode = acknowledged === sent ? 0 : 1
