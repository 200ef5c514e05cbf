// Returns a picture in few colours: its size, the palette and for each pixel the place of its colour.
// First the most frequent colours, then again and again the one that is farthest from them.
async ([png, mostFrequent, most]) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + png;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const data = new Uint32Array(pen.getImageData(0, 0, picture.width, picture.height).data.buffer);
  const counted = new Map();
  for (const colour of data) counted.set(colour, (counted.get(colour) || 0) + 1);
  const colours = [...counted].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([colour]) => colour);
  const distance = (a, b) => [0, 8, 16].reduce((sum, bits) => sum + (((a >> bits) & 255) - ((b >> bits) & 255)) ** 2, 0);
  const palette = colours.slice(0, mostFrequent);
  const far = new Map(colours.map((colour) => [colour, Math.min(...palette.map((known) => distance(known, colour)))]));
  while (palette.length < Math.min(most, colours.length)) {
    let chosen = colours[0];
    for (const [colour, away] of far) if (away > far.get(chosen)) chosen = colour;
    palette.push(chosen);
    for (const [colour, away] of far) far.set(colour, Math.min(away, distance(chosen, colour)));
  }
  const places = new Map(colours.map((colour) => {
    const aways = palette.map((known) => distance(known, colour));
    return [colour, aways.indexOf(Math.min(...aways))];
  }));
  let text = "";
  for (const colour of data) text += String.fromCharCode(places.get(colour));
  const parts = palette.map((colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]);
  return { width: picture.width, palette: parts.flat(), pixels: btoa(text) };
}
