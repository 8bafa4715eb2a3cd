/** Whether a text fits a pattern in which `*` stands for any characters. In linear time, whatever the pattern. */
export const matches = (pattern: string, text: string): boolean => {
  let [at, star, resume] = [0, -1, 0];
  for (let next = 0; next < text.length;)
    if (pattern[at] === '*') {
      star = at++;
      resume = next;
    } else if (pattern[at] === text[next]) {
      at++;
      next++;
    } else if (star >= 0) {
      at = star + 1;
      next = ++resume;
    } else return false;
  while (pattern[at] === '*') at++;
  return at === pattern.length;
};
