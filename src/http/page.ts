import { Type } from 'typebox';

/**
 * The schema of one page of a list.
 *
 * @param id of the schema
 * @param member that holds the items
 * @param item the id of their schema
 */
export function pageSchema(id: string, member: string, item: string) {
  return Type.Object(
    {
      [member]: Type.Array(Type.Ref(item)),
      nextCursor: Type.Union([Type.String(), Type.Null()], {
        description: 'Pass it as `cursor` for the next page; null on the last one.',
      }),
    },
    { $id: id, additionalProperties: false },
  );
}
