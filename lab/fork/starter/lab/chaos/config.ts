/** Where programs are found. Nothing else of the environment reaches the processes of an experiment. */
export const searchPath = process.env['PATH'];
