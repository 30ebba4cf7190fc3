// One of each of the seven events besides samples, sent with @platformatic/kafka.
//
//     node events_with_node.mjs USER

import { compatibilityPartitioner, ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka'

const [userId] = process.argv.slice(2)
const topic = process.env.FLEETGAUGE_EVENTS_TOPIC ?? 'fleet.events'
const events = [
  { type: 'status', agentId: 'mailer-7', status: 'failed', reason: 'disk full' },
  { type: 'deployment', agentId: 'mailer-7', deploymentId: 'd-42', status: 'succeeded' },
  { type: 'payment', paymentId: 'p-1001', amount: 1250, currency: 'EUR' },
  { type: 'booking', bookingId: 'b-17', status: 'completed' },
  { type: 'fan', fanId: 'f-3', segment: 'superfan' },
  { type: 'play', playId: 'pl-90', listenerId: 'l-8', count: 2 },
  { type: 'skill', skillId: 'translate', active: true },
]

const producer = new Producer({
  clientId: 'events',
  bootstrapBrokers: process.env.FLEETGAUGE_KAFKA_BOOTSTRAP.split(','),
  serializers: stringSerializers,
  // As in Java; the default places half of all keys elsewhere.
  partitioner: compatibilityPartitioner,
})
const ts = new Date().toISOString()
// The key is the user, so that a user's events stay in order.
const messages = events.map((event) => ({
  topic,
  key: userId,
  value: JSON.stringify({ userId, ts, ...event }),
}))
await producer.send({ acks: ProduceAcks.ALL, messages })
await producer.close()
console.error(`${events.length} events acknowledged`)
