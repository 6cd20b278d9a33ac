/** Whether hints about keys are of use. A phone has a narrow window or no pointer that can hover. */
export function hasKeyboard(): boolean {
  return matchMedia('(hover: hover) and (pointer: fine) and (min-width: 621px)').matches;
}
