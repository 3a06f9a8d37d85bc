/**
 * What goes wrong on demand. `afterBytes` counts bytes of a file transfer's body; calls of the API, which have
 * none, fail at once.
 */
export type Fault =
  /** The call fails with a code of the API; a file transfer answers with an error page that names it. */
  | { readonly kind: 'failure'; readonly code: string; readonly params?: readonly string[] }
  /** An HTTP status without a word of the API. */
  | { readonly kind: 'status'; readonly status: number }
  /** The host is starting: the call is refused before the call is looked at, in the shape that only this has. */
  | { readonly kind: 'booting' }
  /** The connection goes away without an answer. */
  | { readonly kind: 'cut'; readonly afterBytes?: number }
  /** The call is carried out, and the connection goes away without an answer. */
  | { readonly kind: 'answer-lost' }
  /** The program that writes the disk dies: the task ends with VDI_IO_ERROR. */
  | { readonly kind: 'io-error'; readonly afterBytes?: number }
  /** The repository is full from here on, or for a while. Of calls, those that create disks meet it. */
  | { readonly kind: 'sr-full'; readonly afterBytes?: number; readonly forMs?: number }
  /** The session is dropped: this call and all later ones fail with SESSION_INVALID. */
  | { readonly kind: 'session-lost'; readonly afterBytes?: number }
  /** The task vanishes; what it stood for goes on. */
  | { readonly kind: 'task-lost'; readonly afterBytes?: number }
  /** A pause before the answer, and a limit to the rate of a transfer. */
  | { readonly kind: 'slow'; readonly delayMs?: number; readonly bytesPerSecond?: number }
  /** What becomes of the task is written so much later, progress and end. */
  | { readonly kind: 'slow-task'; readonly delayMs: number }
  /** A file transfer is sent to this host, by its number in `pool.hosts`; to the next one without, and so in circles. */
  | { readonly kind: 'redirect'; readonly host?: number }
  /** The host that was called is gone, and may come back. */
  | { readonly kind: 'host-down'; readonly afterBytes?: number; readonly backAfterMs?: number }
  /** This host, or without a number the one after the master, becomes the master. */
  | { readonly kind: 'new-master'; readonly afterBytes?: number; readonly host?: number };
