// A line for pictures while something moves. One wish is in hand and the newest one waits: were each
// movement sent at once, each would stop the one before, and nothing be seen till the hand rests.

import { lineAddress } from "./api.js";

const PATIENCE_MS = 700;

export class Line {
  // onPicture(message, answer, bitmap), onErrors(lines)
  constructor(onPicture, onErrors) {
    this.onPicture = onPicture;
    this.onErrors = onErrors;
    this.number = 0;
    this.waits = null;
    this.sent = null;
    this.busy = false;
    this.answer = null;
    this.socket = null;
    this.timer = 0;
  }

  // Say what is to be seen now.
  ask(message) {
    this.waits = message;
    this.#next();
  }

  // Nothing more of it is wanted.
  stop() {
    this.waits = null;
    this.sent = null;
    this.busy = false;
    clearTimeout(this.timer);
  }

  #open() {
    const socket = new WebSocket(lineAddress());
    socket.binaryType = "blob";
    socket.onopen = () => this.#next();
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = () => {
      // Who drags on asks again, and so opens another.
      if (this.socket === socket) this.socket = null;
      this.busy = false;
    };
    this.socket = socket;
  }

  #next() {
    if (this.waits === null || this.busy) return;
    if (this.socket === null) this.#open();
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.number += 1;
    this.sent = { ...this.waits, number: this.number };
    this.waits = null;
    this.busy = true;
    this.timer = setTimeout(() => this.#free(), PATIENCE_MS);
    const { tag, ...message } = this.sent;
    this.socket.send(JSON.stringify(message));
  }

  #free() {
    clearTimeout(this.timer);
    this.busy = false;
    this.#next();
  }

  async #take(data) {
    if (typeof data === "string") {
      this.answer = JSON.parse(data);
      if (this.answer.errors) {
        if (this.answer.number === this.number && this.sent) this.onErrors(this.answer.errors);
        this.#free();
      }
      return;
    }
    const { answer, sent } = this;
    if (!sent || answer?.number !== sent.number) return;
    const bitmap = await createImageBitmap(data);
    if (this.sent === sent) this.onPicture(sent, answer, bitmap);
    this.#free();
  }
}
