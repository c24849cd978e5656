// The last seconds of sound as it comes, with what was recognised below it.
const perSecond = 50; // columns that a second of sound has
const keeps = 120; // seconds
const mostSpans = 300; // of what was recognised in them
const leastScale = 0.05; // of full scale fills the height, when nothing has been louder: the noise of a quiet room stays small

export class Waveform {
  constructor(canvas) {
    this.canvas = canvas;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.recolour = () => {
      this.colours = null;
      this.soon();
    };
    document.addEventListener("themechange", this.recolour);
    this.watch = new ResizeObserver(() => this.soon());
    this.watch.observe(canvas);
    this.reset(16000, 1);
  }

  reset(rate, channels) {
    this.step = Math.round(rate / perSecond) * channels;
    this.rate = rate;
    this.channels = channels;
    this.peaks = new Float32Array(keeps * perSecond);
    this.columns = 0; // in all
    this.peak = 0;
    this.inside = 0; // samples of the column that has begun
    this.spans = []; // {id, start, end, final}
    this.soon();
  }

  unmount() {
    document.removeEventListener("themechange", this.recolour);
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  write(samples) {
    for (const s of samples) {
      this.peak = Math.max(this.peak, Math.abs(s));
      if (++this.inside < this.step) continue;
      this.peaks[this.columns++ % this.peaks.length] = this.peak;
      this.peak = this.inside = 0;
    }
    this.soon();
  }

  /** A result, in any state. */
  mark({ id, start, end, final, text, channel = 0 }) {
    this.spans = this.spans.filter((s) => s.id !== id && s.end > this.columns / perSecond - keeps).slice(-mostSpans);
    if (text !== "") this.spans.push({ id, start, end, final, channel });
    this.soon();
  }

  // Those who want less motion get a picture now and then.
  soon() {
    if (this.frame || this.timer) return;
    const draw = () => {
      this.frame = this.timer = 0;
      this.draw();
    };
    if (this.still.matches) this.timer = setTimeout(draw, 500);
    else this.frame = requestAnimationFrame(draw);
  }

  draw() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const style = (this.colours ??= getComputedStyle(canvas));
    const colour = (name) => style.getPropertyValue(name).trim();
    const c = canvas.getContext("2d");
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, width, height);
    const pitch = 3;
    const seen = Math.min(Math.floor(width / pitch), this.peaks.length);
    const first = Math.max(0, this.columns - seen);
    const middle = (height - 8) / 2;
    c.fillStyle = colour("--border");
    c.fillRect(0, middle, width, 1);
    const x = (column) => (column - first) * pitch;
    // A quiet microphone is seen as well: what was loudest fills the height.
    const loudest = this.peaks.reduce((most, p) => Math.max(most, p), leastScale);
    const [said, unsaid] = [colour("--accent"), colour("--muted")];
    const spoken = this.spans.map((s) => [Math.floor(s.start * perSecond), Math.ceil(s.end * perSecond)]);
    for (let n = first; n < this.columns; n++) {
      const tall = Math.max(1, Math.sqrt(this.peaks[n % this.peaks.length] / loudest) * (height - 12));
      c.fillStyle = spoken.some(([a, b]) => n >= a && n < b) ? said : unsaid;
      c.fillRect(x(n), middle - tall / 2, pitch - 1, tall);
    }
    for (const s of this.spans) {
      const from = Math.max(0, x(s.start * perSecond));
      const to = x(s.end * perSecond);
      if (to <= 0) continue;
      c.fillStyle = colour(s.final ? "--accent" : "--line");
      c.fillRect(from, height - 4 - (s.channel % 2) * 4, Math.max(2, to - from - 2), 3);
    }
  }
}
