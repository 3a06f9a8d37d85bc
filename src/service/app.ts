import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { TokenRecord } from '../ledger/index.js';
import { XenferryError } from '../model/errors.js';
import type { Role } from './api/service.js';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** An address of the service. */
export interface ServiceRoute {
  readonly method: string;
  /** With `:id` for numbers. */
  readonly url: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may: a route without it is refused when the service starts. */
    readonly access?: Role | 'open';
    /** Whether its answers may hold what must not be kept, so that no Idempotency-Key is taken. */
    readonly isSecret?: boolean;
  }
  interface FastifyRequest {
    /** Null where anybody may. */
    bearer: TokenRecord | null;
  }
}

/** Of a route that not everybody may use. */
export function bearerOf({ bearer }: FastifyRequest): TokenRecord {
  if (bearer !== null) return bearer;
  throw new XenferryError('TOKEN_REQUIRED', 'a good token is needed');
}
