import type { Step } from '../step.ts';

/** What can be asked without an account, and what no homeserver knows. */
export const discoverySteps: readonly Step[] = [
  { name: 'the versions are listed', request: 'GET /versions' },
  {
    name: 'the ways to log in are listed',
    request: 'GET /v3/login',
    values: { '/flows/0/type': 'm.login.password' },
  },
  { name: 'r0 is the same API', request: 'GET /r0/login', values: { '/flows/0/type': 'm.login.password' } },
  {
    name: 'an unknown endpoint is not recognised',
    request: 'GET /v3/no/such/endpoint',
    status: 404,
    errcode: 'M_UNRECOGNIZED',
  },
  {
    name: 'an unknown version of the API is not recognised',
    request: 'GET /v9/login',
    status: 404,
    errcode: 'M_UNRECOGNIZED',
  },
  {
    name: 'a known endpoint does not know every method',
    request: 'PUT /v3/login',
    body: {},
    status: 405,
    errcode: 'M_UNRECOGNIZED',
  },
];
