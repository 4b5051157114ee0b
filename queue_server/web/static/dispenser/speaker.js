/**
 * Says sentences by a voice of this machine: the browser's speechSynthesis. A voice that would send its words over the
 * internet is none. Nothing waits for it, and it says one thing at a time.
 */

export class Speaker {
  /** @param onChange  called when it begins, ends, or when voices come and go */
  constructor(onChange) {
    this._synth = window.speechSynthesis ?? null;
    this._onChange = onChange;
    this._turn = null; // holds what is said: a browser may forget utterances that nobody holds
    this._synth?.addEventListener?.("voiceschanged", onChange);
  }

  get isSpeaking() {
    return this._turn !== null;
  }

  canSay(language) {
    return this._voice(language) !== null;
  }

  /** Instead of whatever it says now. */
  say(sentences, language) {
    this.stop();
    const voice = this._voice(language);
    if (voice === null || !sentences.length) {
      return;
    }
    const turn = sentences.map((words) => Object.assign(new SpeechSynthesisUtterance(words), { voice, lang: voice.lang }));
    const end = () => turn === this._turn && this._become(null);
    Object.assign(turn[turn.length - 1], { onend: end, onerror: end });
    turn.forEach((words) => this._synth.speak(words));
    this._become(turn);
  }

  stop() {
    if (this._turn !== null) {
      this._synth.cancel();
      this._become(null);
    }
  }

  _become(turn) {
    this._turn = turn;
    this._onChange();
  }

  _voice(language) {
    return this._synth?.getVoices().find((voice) => voice.localService && speaks(voice.lang, language)) ?? null;
  }
}

/** "vi-VN", "vi_VN" and "vi" speak "vi". Chinese is Mandarin, which some call "cmn". */
function speaks(tag, language) {
  const [code, region] = tag.toLowerCase().split(/[-_]/);
  return language === "zh" ? code === "cmn" || (code === "zh" && region !== "hk") : code === language;
}
