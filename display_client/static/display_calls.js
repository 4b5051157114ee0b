/**
 * The calls that this screen has in hand: which are new, whose turn it is in the light, what is spoken here and what is
 * left to another screen. See display_turns.js and display_screen.js for the rules.
 *
 * A classic ES2015 script for Chrome 53.
 */
(function (global) {
  "use strict";

  const LaySo = (global.LaySo = global.LaySo || {});
  const turnsOf = LaySo.displayTurns;
  const screenOf = LaySo.displayScreen;
  const monotonic = () => performance.now();

  class Calls {
    /** `voice` speaks; `name` is what the memory goes by. */
    constructor(voice, name) {
      this.turns = turnsOf.none();
      this.lastAt = 0;
      this._voice = voice;
      this._told = {}; // number → the call that is in its turn or in the voice's queue
      this._left = {}; // number → the call that was left to another screen to speak
      this.isPatient = false; // while what was left may be spoken here yet
      this._memory = turnsOf.memoryIn(LaySo.storage(), name);
      this._spoken = this._memory.read();
      this._seen = this._spoken;
    }

    get isIdle() {
      return !this.turns.queue.length && !this.turns.lit.length && !this._voice.isBusy;
    }

    /**
     * Take in a board: `{view, screen, calls, epoch, now, device, patience}`, `device` "" for one that was not paired,
     * `patience` as of displayScreen. The calls that are new here and whose number is still called, however old: they stand
     * on the screen now.
     */
    see(board) {
      this._takeDown(board.view.calls || {});
      const isHere = screenOf.speaks(board.view, board.screen, board.device);
      const fresh = this._takeUp(board, isHere && !board.patience);
      this._leaveOut(board.calls.filter((call) => call.isOver));
      if (isHere) { this._speakInstead(board); } else { this._handOver(board); }
      return fresh;
    }

    _takeUp(board, isHere) {
      const fresh = turnsOf.fresh(board.calls.filter((call) => call.call > 0), this._seen, board.epoch, board.now);
      fresh.forEach((item) => { this._seen = turnsOf.remember(this._seen, item.row, board.epoch); });
      const calling = fresh.filter((item) => item.isSpoken).map((item) => item.row);
      calling.forEach((row) => {
        this.lastAt = monotonic();
        this.turns = turnsOf.enter(this.turns, row.number, row.times);
        this._told[row.number] = { row: row, epoch: board.epoch };
        if (isHere) {
          this._voice.say(row);
        } else {
          this._left[row.number] = row.call;
          this.dealtWith(row.number);
        }
      });
      return fresh.map((item) => item.row).filter((row) => row.isActive);
    }

    /** Whoever spoke before has gone dark, or nobody did: what was not spoken there is spoken here. */
    _speakInstead(board) {
      const left = board.calls.filter((call) => this._left[call.number] === call.call);
      const isDue = (row) => board.now.getTime() - new Date(row.at).getTime() >= board.patience;
      this._left = {};
      screenOf.missed(left, screenOf.speaker(board.view, board.screen).since, board.now).forEach((row) => {
        if (!isDue(row)) { this._left[row.number] = row.call; return; }
        this._told[row.number] = { row: row, epoch: board.epoch };
        this._voice.say(row);
      });
      this.isPatient = Object.keys(this._left).length > 0;
    }

    /** Another screen speaks: what waits here and was called since it does is its own. */
    _handOver(board) {
      const since = new Date(screenOf.speaker(board.view, board.screen).since);
      this.isPatient = false;
      Object.keys(this._told).map((number) => this._told[number])
        .filter((told) => !told.isDealt && new Date(told.row.at) > since)
        .forEach((told) => {
          this._voice.cancel(told.row.number);
          this._left[told.row.number] = told.row.call;
          this.dealtWith(told.row.number);
        });
    }

    /** Calls that were undone: gone from the server's list though newer than its oldest one. */
    _takeDown(kept) {
      const calls = Object.keys(kept).map((slot) => kept[slot].call);
      const oldest = calls.length ? Math.min.apply(null, calls) : 0;
      const isGone = (told) => told.row.call > oldest && calls.indexOf(told.row.call) < 0;
      Object.keys(this._told).filter((number) => isGone(this._told[number])).forEach((number) => {
        this._voice.cancel(number);
        delete this._told[number];
        this.turns = turnsOf.keepOnly(this.turns, (other) => other !== number);
      });
    }

    /** Who has had no turn before the counter called another: the hall is not sent to where somebody else is served. */
    _leaveOut(over) {
      const isOver = (number) => over.some((call) => call.number === number);
      over.filter((call) => turnsOf.isWaiting(this.turns, call.number)).forEach((call) => this._voice.cancel(call.number));
      this.turns = turnsOf.keepOnly(this.turns, (number) => !isOver(number));
    }

    /** What was begun is remembered, so that a reload speaks it no second time. */
    dealtWith(number) {
      const told = this._told[number];
      if (!told) { return; }
      told.isDealt = true;
      this._spoken = turnsOf.remember(this._spoken, told.row, told.epoch);
      this._memory.write(this._spoken);
    }

    /** The call that a number in hand stands for; null when it is not. */
    callOf(number) {
      return this._told[number] ? this._told[number].row.call : null;
    }

    /** Let the turns go on; each is lit for `least` ms at least. */
    step(least) {
      this.turns = turnsOf.step(this.turns, monotonic(), this._voice, least);
      Object.keys(this._told).forEach((number) => {
        const isInTurn = turnsOf.isLit(this.turns, number) || turnsOf.isWaiting(this.turns, number);
        if (this._told[number].isDealt && !isInTurn && this._voice.number !== number) { delete this._told[number]; }
      });
    }
  }

  LaySo.DisplayCalls = Calls;
})(window);
