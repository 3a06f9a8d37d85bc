import { type Methods, target, VOID } from '../call.js';
import { timestamp } from '../clock.js';
import { eventsFrom } from '../events.js';

const FINAL: ReadonlySet<string> = new Set(['success', 'failure', 'cancelled']);

/** Sessions, tasks and events. */
export const sessionMethods: Methods = {
  'session.login_with_password': async ({ state, host, args }) => {
    const { sessions } = state;
    const row = await sessions.login(args.text('uname'), args.text('pwd'), args.text('originator'), host.ref);
    return row.ref;
  },
  'session.slave_local_login_with_password': async ({ state, host, args }) => {
    const row = await state.sessions.login(args.text('uname'), args.text('pwd'), '', host.ref);
    return row.ref;
  },
  'session.logout': ({ state, session }) => {
    state.sessions.drop(session);
    return VOID;
  },
  'session.local_logout': ({ state, session }) => {
    state.sessions.drop(session);
    return VOID;
  },
  'task.create': ({ state, host, args }) =>
    state.tasks.create(args.text('label'), args.text('description'), host.ref).ref,
  'task.destroy': (call) => {
    const row = target(call, 'task');
    if (FINAL.has(row.text('status'))) {
      call.state.tasks.destroy(row);
    } else {
      // A pending task is only flagged; whoever works on it goes on.
      call.state.tasks.requestCancel(row.ref);
      row.set({ current_operations: { ...row.map('current_operations'), [row.ref]: 'destroy' } });
    }
    return VOID;
  },
  'task.cancel': (call) => {
    const row = target(call, 'task', 'task');
    call.state.tasks.requestCancel(row.ref);
    row.set({ current_operations: { ...row.map('current_operations'), [row.ref]: 'cancel' } });
    return VOID;
  },
  'task.set_status': (call) => {
    const value = call.args.text('value');
    const finished = FINAL.has(value) ? { finished: timestamp() } : {};
    target(call, 'task').set({ status: value, ...finished });
    return VOID;
  },
  'event.from': ({ state, session, args }) =>
    eventsFrom(state.database, {
      classes: args.list('classes'),
      token: args.text('token'),
      timeoutSeconds: args.number('timeout'),
      assertAllowed: () => state.sessions.use(session),
    }),
  'event.get_current_id': ({ state }) => state.database.generation,
};
