const SHOWN_FOR = 4_000;

/** Says in the corner what just happened. */
export function toast(text, isBad = false) {
  const paragraph = document.createElement('p');
  paragraph.textContent = text;
  paragraph.classList.toggle('bad', isBad);
  document.querySelector('#toasts').append(paragraph);
  setTimeout(() => paragraph.remove(), SHOWN_FOR);
}

/** Does something, and says why if it cannot be done. */
export async function attempt(work) {
  try {
    await work();
  } catch (error) {
    toast(error.message, true);
  }
}
