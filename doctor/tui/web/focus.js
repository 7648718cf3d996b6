// The keys go to the terminal without a click, once something is drawn: before that the socket is not open.
document.addEventListener("DOMContentLoaded", () => {
  const waiting = new MutationObserver(() => {
    if (document.body.classList.contains("-first-byte")) {
      waiting.disconnect();
      document.querySelector(".xterm-helper-textarea").focus();
    }
  });
  waiting.observe(document.body, { attributes: true });
});
