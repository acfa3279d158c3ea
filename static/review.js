// Keys for the page 逐件审核: each presses or focuses a link or button that stands on the page anyway.
(function () {
  "use strict";

  const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest && event.target.closest(TYPING)) return;
    if (document.querySelector("dialog[open]")) return;
    if (!/^[jk123]$/.test(event.key)) return;
    const control = document.querySelector(`[data-key="${event.key}"]`);
    if (!control) return;
    event.preventDefault();
    // One key alone decides nothing: the button waits for Enter.
    if (control.matches("button")) {
      control.focus();
      control.scrollIntoView({ block: "nearest" });
    } else {
      control.click();
    }
  });

  const row = document.querySelector(".queue [aria-current]");
  const box = row && row.closest(".queue-rows");
  if (box && box.scrollHeight > box.clientHeight) box.scrollTop = row.offsetTop - box.clientHeight / 3;
})();
