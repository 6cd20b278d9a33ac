/** Caches the result for the last text only: a hit costs one comparison, and memory is bounded. */
export function rememberLast<Made>(make: (text: string) => Made): (text: string) => Made {
  let last = '';
  let made = make(last);
  return (text) => {
    if (text !== last) {
      last = text;
      made = make(text);
    }
    return made;
  };
}
