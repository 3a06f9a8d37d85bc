/** Reads the password file as PostgreSQL's own programs do; it brings no types of its own. */
declare module 'pgpass' {
  interface Connection {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string | undefined;
  }
  export default function pgpass(
    connection: Connection,
    onFound: (password: string | undefined) => void,
  ): void;
}
