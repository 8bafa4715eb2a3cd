/** Hands a text to the user as a file. */
export const download = (name: string, text: string, type = 'text/csv'): void => {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the blob by the next turn of its loop.
  setTimeout(() => URL.revokeObjectURL(url), 0);
};
