/**
 * What of the fetch API the function uses, over `node:http`. In its bundle these stand for the globals of the same
 * names (`test/tools/build-lambda.ts`), so that neither the program nor a package knows of it: the first use of one of
 * Node's own loads undici, and with it HTTP/2, TLS and web streams.
 */
export { fetch } from './fetch-api/fetch.ts'
export { Headers } from './fetch-api/headers.ts'
export { Request } from './fetch-api/request.ts'
export { Response } from './fetch-api/response.ts'
