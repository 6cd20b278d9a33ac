import { ServiceError } from '../errors.ts';

/**
 * Looks up what an earlier statement has found to be stored. `deadline_exceeded` would tell the client that nothing is, which
 * a look-up that is cut short cannot know.
 *
 * @throws {ServiceError} `database_unavailable` also when the deadline came first
 */
export async function lookUp<T>(find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'deadline_exceeded') throw error;
    throw new ServiceError('database_unavailable', 'There was no time to find out what is stored.', {
      retryAfter: 1,
      cause: error,
    });
  }
}
