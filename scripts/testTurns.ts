/** Shows the output of things that run at the same time one after another: of the first at once, of the others when their turn comes. */
export interface Turn {
  readonly show: (text: string) => void;
  readonly end: () => void;
}

export class Turns {
  readonly #held: { text: string; ended: boolean }[] = [];
  #current = 0;

  constructor(private readonly write: (text: string) => void) {}

  /** The turn after all turns given so far. */
  next(): Turn {
    const own = { text: "", ended: false };
    const index = this.#held.push(own) - 1;
    return {
      show: (text) => {
        if (index === this.#current) this.write(text);
        else own.text += text;
      },
      end: () => {
        own.ended = true;
        this.#advance();
      },
    };
  }

  #advance(): void {
    while (this.#held[this.#current]?.ended === true) {
      this.#current += 1;
      const next = this.#held[this.#current];
      if (next === undefined) return;
      this.write(next.text);
      next.text = "";
    }
  }
}
