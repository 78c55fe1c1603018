// Texts of a page that leave it, are cut by their box, or lie on another text.
() => {
  const wrong = [];
  const words = (text) => text.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const boxes = [];
  while (walker.nextNode()) {
    const text = walker.currentNode, parent = text.parentElement;
    if (!words(text) || !parent.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })) continue;
    if (parent.closest("title")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const window_ = parent.closest(".scroll");
    const view = window_ && window_.getBoundingClientRect();
    const cutting = parent.closest("svg, .scroll") ? null : parent;
    if (cutting && getComputedStyle(cutting).overflowX !== "visible" && cutting.scrollWidth > cutting.clientWidth + 1)
      wrong.push(`cut: ${words(text)}`);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      const left = Math.max(box.left, view ? view.left : box.left), right = Math.min(box.right, view ? view.right : box.right);
      const top = Math.max(box.top, view ? view.top : box.top), bottom = Math.min(box.bottom, view ? view.bottom : box.bottom);
      if (right - left < 1 || bottom - top < 1) continue;
      if (!view && (left < -1 || right > innerWidth + 1)) wrong.push(`beyond the edge: ${words(text)}`);
      boxes.push({ left, right, top, bottom, text });
    }
  }
  boxes.sort((a, b) => a.top - b.top);
  for (let one = 0; one < boxes.length; one++)
    for (let next = one + 1; next < boxes.length && boxes[next].top < boxes[one].bottom; next++) {
      const a = boxes[one], b = boxes[next];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      // Lines of text touch: their boxes are higher than their letters.
      const down = (Math.min(a.bottom, b.bottom) - b.top) / Math.min(a.bottom - a.top, b.bottom - b.top);
      if (a.text !== b.text && across > 2 && down > 0.35) wrong.push(`${words(a.text)} | ${words(b.text)}`);
    }
  return wrong;
}
