/** Where the first `count` code points of a text in UTF-8 end, in bytes: no character is cut in two. */
export const endOfCodePoints = (text: Uint8Array, count: number): number => {
  let points = 0
  for (let i = 0; i < text.length; i++) {
    const continues = ((text[i] as number) & 0xc0) === 0x80
    if (!continues && points++ === count) return i
  }
  return text.length
}
