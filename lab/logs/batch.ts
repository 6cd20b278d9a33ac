import { ProtobufWriter } from '../../src/telemetry/otlp/protobuf-writer.ts';
import type { FieldName } from './lines/fields.ts';
import type { LogRecord } from './lines/record.ts';
import type { Scanner } from './lines/scanner.ts';
import { type Parts, writeFastRecord } from './otlp/fast-record.ts';
import { now, RecordBytes } from './otlp/record-bytes.ts';
import { writeRecord, writeTextRecord } from './otlp/slow-record.ts';
import { assembleRequest } from './otlp/request.ts';
import type { Input, Position } from './input/input.ts';

/** What is sent at once. */
export interface Batch {
  lines: number;
  /** An ExportLogsServiceRequest; empty if nobody wants it. */
  request: Uint8Array;
  /** The lines as they are; empty if nobody wants them. */
  text: Buffer;
  /** How far the inputs are forwarded once this batch is accepted. */
  ends: ReadonlyMap<Input, Position>;
  /** Seconds since 1970: the time of its last line that has one, else when that was read. */
  newest: number;
  /** To be called when nobody needs the request any more: its memory is used again. */
  release(): void;
}

/** The records of one service. */
interface Section {
  service: string | undefined;
  records: RecordBytes;
}

export interface BatchOptions {
  /** Lines. */
  size: number;
  /** Bytes of records or text, so that few long lines make a batch, too. */
  bytes: number;
  /** Whether a target takes OTLP, and whether one takes lines. */
  otlp: boolean;
  text: boolean;
}

const sectionSize = 16 * 1024;
/** Idle buffers of sections, and bytes of one that is kept. */
const mostIdle = 64;
const mostKept = 1024 * 1024;

/** Collects lines until there are enough for a batch. */
export class BatchBuilder {
  readonly otlp: boolean;
  lines = 0;
  /** When its first line was added, on the clock of `performance.now()`. */
  since = 0;
  #observed = now();
  #newest = 0;
  readonly #size: number;
  readonly #bytes: number;
  readonly #text: RecordBytes | undefined;
  readonly #sections = new Map<string | undefined, Section>();
  readonly #idle: RecordBytes[] = [];
  /** Buffers of requests, for reuse: garbage outside V8's heap would be collected too late. */
  readonly #writers: ProtobufWriter[] = [];
  #last: Section | undefined;
  /** Of the lines that are added, and of the line in the text that has no line feed yet. */
  #input: Input | undefined;
  #open: Input | undefined;
  #added = 0;
  #ends = new Map<Input, Position>();

  constructor({ size, bytes, otlp, text }: BatchOptions) {
    this.#size = size;
    this.#bytes = bytes;
    this.otlp = otlp;
    this.#text = text ? new RecordBytes(sectionSize) : undefined;
  }

  /** The time at which the lines from now on are read. */
  tick(): void {
    this.#observed = now();
  }

  /** The lines from now on are of this input. */
  from(input: Input): void {
    this.#input = input;
  }

  get isFull(): boolean {
    return this.lines >= this.#size || this.#added >= this.#bytes;
  }

  /** Whether an input is further than with the batch before, be it by blank lines. */
  get hasProgress(): boolean {
    return this.#ends.size > 0;
  }

  addMembers(line: Scanner<FieldName>, service: string | undefined, parts: Parts): void {
    this.#begin(line.end - line.start);
    if (this.#text !== undefined) this.#addLine(line.bytes, line.start, line.end);
    if (!this.otlp) return;
    writeFastRecord(this.#sectionOf(service), line, parts, this.#observed);
    this.#newest = this.#notAfterNow(parts.hasTime ? parts.seconds : this.#observed[0]);
  }

  addRecord(bytes: Buffer, start: number, end: number, record: LogRecord): void {
    this.#begin(end - start);
    if (this.#text !== undefined) this.#addLine(bytes, start, end);
    if (!this.otlp) return;
    writeRecord(this.#sectionOf(record.service), record, this.#observed);
    this.#newest = this.#notAfterNow(record.time?.[0] ?? this.#observed[0]);
  }

  /** @param piece the number of the piece of a line that is too long, from 0. Each but the last ends without a line feed */
  addText(
    bytes: Buffer,
    [start, end]: readonly [number, number],
    service: string | undefined,
    piece?: { number: number; isLast: boolean },
  ): void {
    this.#begin(end - start);
    if (this.#text !== undefined) this.#addLine(bytes, start, end, piece);
    if (!this.otlp) return;
    const isReturn = piece === undefined && end > start && bytes[end - 1] === carriageReturn;
    const text = bytes.toString('utf8', start, isReturn ? end - 1 : end);
    writeTextRecord(this.#sectionOf(service), text, this.#observed, piece?.number);
  }

  /** One line of a clock that is ahead would hide for ever how far behind the others are. */
  #notAfterNow(seconds: number): number {
    return Math.min(seconds, this.#observed[0]);
  }

  #begin(bytes: number): void {
    if (this.lines === 0) this.since = performance.now();
    [this.#newest] = this.#observed;
    this.lines += 1;
    this.#added += bytes;
  }

  #addLine(bytes: Buffer, start: number, end: number, piece = wholeLine): void {
    const isRest = piece.number > 0 && this.#open === this.#input;
    // Its rest may never come.
    if (this.#open !== undefined && !isRest) this.#text?.append(lineFeed);
    this.#text?.append(bytes.subarray(start, end));
    if (piece.isLast) this.#text?.append(lineFeed);
    this.#open = piece.isLast ? undefined : this.#input;
  }

  #sectionOf(service: string | undefined): RecordBytes {
    if (this.#last !== undefined && this.#last.service === service) return this.#last.records;
    let section = this.#sections.get(service);
    if (section === undefined) {
      section = { service, records: this.#idle.pop() ?? new RecordBytes(sectionSize) };
      this.#sections.set(service, section);
    }
    this.#last = section;
    return section.records;
  }

  /** The input is forwarded up to here once the lines so far are accepted. */
  reached(input: Input, position: Position): void {
    this.#ends.set(input, position);
  }

  /** Takes the batch out, and begins the next one. */
  take(): Batch {
    const writer = this.#writers.pop() ?? new ProtobufWriter();
    const batch = {
      lines: this.lines,
      request: this.otlp ? assembleRequest(writer, this.#sections.values()) : new Uint8Array(),
      text: Buffer.from(this.#text?.bytes.subarray(0, this.#text.length) ?? ''),
      ends: this.#ends,
      newest: this.#newest,
      release: () => {
        if (writer.length <= mostKept) this.#writers.push(writer);
      },
    };
    for (const { records } of this.#sections.values()) {
      records.clear();
      // A buffer that a long line made large is not kept.
      if (this.#idle.length < mostIdle && records.bytes.length <= mostKept) this.#idle.push(records);
    }
    this.#sections.clear();
    this.#text?.clear();
    this.#last = undefined;
    this.lines = 0;
    this.#added = 0;
    this.#ends = new Map();
    return batch;
  }
}

/** Of a line that ends with CRLF; it belongs to the line, and not to its text. */
const carriageReturn = 0x0d;
const lineFeed = Buffer.from('\n');
const wholeLine = { number: 0, isLast: true };
