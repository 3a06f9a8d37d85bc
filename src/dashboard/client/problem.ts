/** What there is to say of an answer that is no success: the service's own words, where it has any. */
interface ProblemDocument {
  readonly title: string;
  readonly status: number;
  readonly code: string | null;
  readonly detail: string | null;
  readonly hint: string | null;
}

/** What the service refused, or why it could not be asked. */
export class Problem extends Error {
  readonly document: ProblemDocument;

  constructor(document: ProblemDocument, cause?: unknown) {
    super(document.detail ?? document.title, { cause });
    this.name = 'Problem';
    this.document = document;
  }

  /** Whether the token is not, or no longer, taken. */
  get isUnauthorized(): boolean {
    return this.document.status === 401;
  }

  /** Whether asking again later may help. */
  get mayPass(): boolean {
    const { status } = this.document;
    return status === 0 || status === 429 || status >= 500;
  }
}

/** Status 0 stands for a service that did not answer. */
export function unreachable(cause: unknown): Problem {
  return new Problem(
    {
      title: 'The service does not answer',
      status: 0,
      code: null,
      detail: null,
      hint: 'Check the network and whether xenferry serve runs.',
    },
    cause,
  );
}

/** Of an answer whose body may be anything: a proxy's page, too. */
export async function problemOf(response: Response): Promise<Problem> {
  const said: unknown = await response.json().catch(() => null);
  const fields = typeof said === 'object' && said !== null ? new Map(Object.entries(said)) : new Map();
  const text = (key: string): string | null => {
    const value: unknown = fields.get(key);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return new Problem({
    title: text('title') ?? `The service answered ${response.status}`,
    status: response.status,
    code: text('code'),
    detail: text('detail'),
    hint: text('hint'),
  });
}
