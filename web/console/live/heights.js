// How high the rows of a long list are: known of those that have been shown, guessed of the others. Sums are kept for blocks of rows, so that
// finding the row at a place looks at some hundreds of numbers, not at all.
const block = 256;

export class Heights {
  constructor() {
    this.clear();
  }

  clear() {
    this.values = new Float32Array(block);
    this.sums = [];
    this.length = 0;
    this.total = 0;
  }

  push(height) {
    if (this.length === this.values.length) {
      const more = new Float32Array(this.values.length * 2);
      more.set(this.values);
      this.values = more;
    }
    if (this.length % block === 0) this.sums.push(0);
    this.length++;
    this.set(this.length - 1, height, 0);
  }

  /** Changes the height of a row; was is for push only. */
  set(n, height, was = this.values[n]) {
    this.values[n] = height;
    const change = this.values[n] - was;
    this.sums[Math.floor(n / block)] += change;
    this.total += change;
  }

  /** Where a row begins. */
  top(n) {
    let sum = 0;
    const b = Math.floor(n / block);
    for (let i = 0; i < b; i++) sum += this.sums[i];
    for (let i = b * block; i < n; i++) sum += this.values[i];
    return sum;
  }

  /** The row at a place; the last one for what is below all. */
  at(place) {
    let sum = 0;
    let b = 0;
    while (b < this.sums.length - 1 && sum + this.sums[b] <= place) sum += this.sums[b++];
    let n = b * block;
    while (n < this.length - 1 && sum + this.values[n] <= place) sum += this.values[n++];
    return Math.max(0, Math.min(n, this.length - 1));
  }
}
