/** The server says why in JSON; a proxy in between may not. */
const reasonIn = ({ status, responseText }: XMLHttpRequest): string => {
  try {
    const { message } = JSON.parse(responseText) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not from our server: the status says the most.
  }
  return `The server answered with status ${status}`;
};

/** PUTs a file to its one-time place. XMLHttpRequest, because fetch does not tell how far it is. */
export const putFile = (url: string, file: File, onProgress: (share: number) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    // Uploads go to where this page came from, whatever name the server has for itself.
    const { pathname, search } = new URL(url, location.origin);
    const request = new XMLHttpRequest();
    request.open('PUT', pathname + search);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () =>
      request.status >= 200 && request.status < 300 ? resolve() : reject(new Error(reasonIn(request)));
    request.onerror = () => reject(new Error('the connection broke off'));
    request.send(file);
  });
