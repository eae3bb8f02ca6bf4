/**
 * Stands in for the native part of AWS's runtime for Node, which is libcurl behind three functions and takes minutes to
 * compile: the same three, over node:http, as AWS documents the runtime API (version 2018-06-01). All else of the
 * runtime is AWS's own: how it loads a function, calls it, formats its errors and what it does when it fails.
 */
const { Agent, request } = require('node:http')

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

const call = (method, path, headers, body) =>
  new Promise((resolve, reject) => {
    const options = { host, port, agent, method, headers, path: `/2018-06-01/runtime/invocation/${path}` }
    request(options, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bodyJson = Buffer.concat(chunks).toString()
        if (response.statusCode < 300) resolve({ bodyJson, headers: response.headers })
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${bodyJson}`))
      })
    })
      .on('error', reject)
      .end(body)
  })

/** The answer that is on its way: the next event is asked for when it has arrived, as if it had been waited for. */
let answered = Promise.resolve()

const post = (path, body, more) => {
  const bytes = Buffer.from(body)
  const headers = { 'content-type': 'application/json', 'content-length': bytes.length, ...more }
  answered = call('POST', path, headers, bytes)
  // Told by the next call.
  answered.catch(() => {})
}

exports.next = async () => {
  await answered.catch((error) => console.error(error))
  const { bodyJson, headers } = await call('GET', 'next', {})
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return { bodyJson, headers: { ...headers, 'lambda-runtime-deadline-ms': deadline } }
}

exports.done = (id, body) => post(`${id}/response`, body)

exports.error = (id, body, xray) =>
  post(`${id}/error`, body, {
    'lambda-runtime-function-error-type': JSON.parse(body).errorType,
    'lambda-runtime-function-xray-error-cause': xray,
  })
