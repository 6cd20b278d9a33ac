/** What the function made of the last text, for as long as the texts stay the same. */
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
