const form = document.querySelector('#upload');
const input = document.querySelector('#file');
const drop = form.querySelector('.drop');
const progress = document.querySelector('#upload-progress');
const state = document.querySelector('#upload-state');

/** Sends the files that are chosen or dropped; `onDone` is called after each that was taken in. */
export function offerUpload(onDone) {
  input.addEventListener('change', () => input.files[0] && send(input.files[0], onDone));
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const [file] = event.dataTransfer.files;
    if (file) send(file, onDone);
  });
}

/** `fetch` does not tell how much of a body was sent; XMLHttpRequest does. */
function send(file, onDone) {
  const request = new XMLHttpRequest();
  request.open('POST', 'api/users.csv');
  request.setRequestHeader('content-type', 'text/csv');
  request.responseType = 'json';
  input.disabled = true;
  progress.value = 0;
  progress.hidden = false;
  request.upload.addEventListener('progress', ({ loaded, total }) => {
    progress.value = loaded / total;
    state.textContent =
      loaded < total
        ? `${file.name}: ${megabytes(loaded)} of ${megabytes(total)}`
        : `${file.name}: sent, being stored …`;
  });
  request.addEventListener('loadend', () => {
    input.disabled = false;
    progress.hidden = true;
    input.value = '';
    const { status, response } = request;
    state.classList.toggle('bad', status !== 200);
    if (status === 200) {
      progress.value = 1;
      const [read, added] = [response.read, response.added].map((n) => n.toLocaleString('en'));
      state.textContent = `${file.name}: ${read} users read, ${added} of them new.`;
      onDone();
    } else {
      progress.value = 0;
      state.textContent = response?.message ?? 'The upload was broken off.';
    }
  });
  request.send(file);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
