import type { HttpRequest } from './http.ts'

/** Says to a catalog who sends a request. */
export interface Authorizer {
  /** The request with what says who sends it. `unavailable` when no credentials can be had. */
  authorize(request: HttpRequest): Promise<HttpRequest>
  /** A request was refused as it was authorized. Whether it is worth asking again with other credentials. */
  renew(refused: HttpRequest): Promise<boolean>
}
