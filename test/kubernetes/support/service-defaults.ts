import { variables } from '../../../src/config/variables.ts';

/** The ports of the service by the names that the chart gives them. */
export const servicePorts = {
  http: Number(variables.PORT.default),
  admin: Number(variables.ADMIN_PORT.default),
};
