const SHOWN_FOR = 4_000;

/** Says in the corner what just happened. */
export function toast(text, isBad = false) {
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  paragraph.classList.toggle('bad', isBad);
  document.querySelector('#toasts').append(paragraph);
  setTimeout(() => paragraph.remove(), SHOWN_FOR);
}

/** Does something, and says why, and with what, if it cannot be done. */
export async function attempt(work, about = '') {
  try {
    await work();
  } catch (error) {
    toast(about === '' ? error.message : `${about}: ${error.message}`, true);
  }
}
