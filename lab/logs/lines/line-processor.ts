import type { BatchBuilder } from '../batch.ts';
import type { Counts, ServiceLines } from '../counts.ts';
import { isId, type Parts, wholeOf } from '../otlp/fast-record.ts';
import { type ByteTable, createByteTable } from './byte-table.ts';
import { createFieldNames, type FieldName, type FieldTable, roles } from './fields.ts';
import { kinds } from './kinds.ts';
import { levelOfSeverity, severityOf } from './levels.ts';
import { longestService, parseRecord } from './record.ts';
import { found, Scanner } from './scanner.ts';
import type { Shape } from './shape.ts';
import { momentOfNumber, momentOfText, TimeReader } from './times.ts';

interface Service {
  name: string;
  counted: ServiceLines;
}

interface Level {
  severity: number;
  level: number;
}

export interface ProcessorOptions {
  fields: FieldTable;
  /** Bytes; longer lines are forwarded in pieces. */
  longestLine: number;
  /** That of lines which name none. */
  service: string | undefined;
}

/** Bytes that are read at once. */
const readSize = 256 * 1024;

/** Counts the lines of a buffer and adds them to batches. */
export class LineProcessor {
  readonly #scanner: Scanner<FieldName>;
  readonly #fields: FieldTable;
  readonly #longestLine: number;
  readonly #service: string | undefined;
  readonly #counts: Counts;
  readonly #batch: BatchBuilder;
  readonly #services: ByteTable<Service> = createByteTable(2048);
  readonly #levels: ByteTable<Level> = createByteTable(256);
  readonly #numericLevels: Array<Level | undefined> = [];
  readonly #times = new TimeReader();
  readonly #parts: Parts = {
    hasTime: false,
    seconds: 0,
    nanoseconds: 0,
    severity: 0,
    level: -1,
    message: -1,
    trace: -1,
    span: -1,
    service: -1,
    time: -1,
  };
  /** Of the line, by role, and the shape that they are right for. */
  readonly #members = new Int32Array(roles.length);
  #shape: Shape<FieldName> | undefined;
  #length = 0;
  /** Where the lines end that were taken, and the next piece of the line there. */
  #position = 0;
  #piece = 0;

  constructor({ fields, longestLine, service }: ProcessorOptions, counts: Counts, batch: BatchBuilder) {
    this.#scanner = new Scanner(longestLine + readSize, createFieldNames(fields));
    this.#fields = fields;
    this.#longestLine = longestLine;
    this.#service = service;
    this.#counts = counts;
    this.#batch = batch;
  }

  /** Where the bytes go that are to be processed. */
  get buffer(): Buffer {
    return this.#scanner.bytes.subarray(0, this.#scanner.capacity - 1);
  }

  /**
   * Begins with `length` bytes of the buffer.
   *
   * @param start where they are in their input
   * @param isComplete whether what follows the last line feed is a line
   */
  begin(length: number, start: { offset: number; piece: number }, isComplete: boolean): void {
    const { bytes } = this.#scanner;
    this.#length = length;
    this.#position = start.offset === 0 ? lengthOfMark(bytes, length) : 0;
    this.#piece = start.piece;
    const lacksLineFeed = isComplete && length > 0 && bytes[length - 1] !== 0x0a;
    if (lacksLineFeed) bytes[length] = 0x0a;
    this.#scanner.begin(lacksLineFeed ? length + 1 : length, this.#position);
    this.#batch.tick();
  }

  get position(): { offset: number; piece: number } {
    return { offset: this.#position, piece: this.#piece };
  }

  /** Takes lines until a batch is full or no complete line is left. @returns whether a batch is full */
  run(): boolean {
    const scanner = this.#scanner;
    const batch = this.#batch;
    for (;;) {
      if (batch.isFull) return true;
      const what = scanner.next();
      if (what === found.nothing) return this.#cut();
      const isWhole = this.#piece === 0 && scanner.end - scanner.start <= this.#longestLine;
      if (!isWhole) this.#addPieces(scanner.start, scanner.end, true);
      else if (what !== found.members || !this.#addMembers()) this.#addLine(scanner.start, scanner.end);
      this.#position = Math.min(scanner.position, this.#length);
    }
  }

  /** Takes the beginning of a line that is too long already. */
  #cut(): boolean {
    const { bytes } = this.#scanner;
    if (this.#length - this.#position > this.#longestLine) {
      // Not within a character.
      let end = this.#position + this.#longestLine;
      while (end > this.#position + this.#longestLine - 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
      this.#addPieces(this.#position, end, false);
      this.#position = end;
    }
    return this.#batch.isFull;
  }

  #addPieces(from: number, to: number, isLast: boolean): void {
    const { bytes } = this.#scanner;
    if (this.#piece === 0) {
      this.#counts.oversize += 1;
      this.#count(this.#countedAs(this.#service), 0);
    }
    let start = from;
    do {
      let end = Math.min(start + this.#longestLine, to);
      while (end < to && ((bytes[end] ?? 0) & 0xc0) === 0x80 && end > start + this.#longestLine - 3) end -= 1;
      const isEnd = isLast && end === to;
      this.#batch.addText(bytes, [start, end], this.#service, { number: this.#piece, isLast: isEnd });
      this.#piece += 1;
      start = end;
    } while (start < to);
    if (isLast) this.#piece = 0;
  }

  #count({ lines }: ServiceLines, level: number): void {
    lines[level] = (lines[level] ?? 0) + 1;
  }

  /** Adds a line that the scanner has not read. */
  #addLine(start: number, lineEnd: number): void {
    const { bytes } = this.#scanner;
    const end = lineEnd > start && bytes[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
    const text = bytes.toString('utf8', start, end);
    if (text.trim() === '') return;
    const record = parseRecord(text, this.#fields);
    if (record === undefined) {
      this.#counts.malformed += 1;
      this.#count(this.#countedAs(this.#service), 0);
      this.#batch.addText(bytes, [start, lineEnd], this.#service);
      return;
    }
    this.#count(this.#countedAs(record.service ?? this.#service), levelOfSeverity(record.severity));
    record.service ??= this.#service;
    this.#batch.addRecord(bytes, start, lineEnd, record);
  }

  #countedAs(service: string | undefined): ServiceLines {
    return service === undefined ? this.#counts.unnamed : this.#counts.of(service);
  }

  /** Adds the line whose members the scanner knows. @returns false if it is to be parsed all the same */
  #addMembers(): boolean {
    const { shape, kinds: kindOf } = this.#scanner;
    if (shape === undefined || shape !== this.#shape) this.#assignRoles();
    this.#shape = shape;
    const members = this.#members;
    const time = members[0] ?? -1;
    const level = members[1] ?? -1;
    const message = members[2] ?? -1;
    const service = members[3] ?? -1;
    const trace = members[4] ?? -1;
    const span = members[5] ?? -1;
    // Of these, the text itself is needed. No value of a shape is to be parsed.
    if (
      shape === undefined &&
      ((time >= 0 && kindOf[time] === kinds.parsed) ||
        (level >= 0 && kindOf[level] === kinds.parsed) ||
        (service >= 0 && kindOf[service] === kinds.parsed) ||
        (trace >= 0 && kindOf[trace] === kinds.parsed) ||
        (span >= 0 && kindOf[span] === kinds.parsed))
    )
      return false;
    const ofLevel = level < 0 ? undefined : this.#levelOf(level);
    const ofService = service < 0 ? undefined : this.#serviceOf(service);
    const counted = ofService === undefined ? this.#countedAs(this.#service) : ofService.counted;
    this.#count(counted, ofLevel === undefined ? 0 : ofLevel.level);
    const parts = this.#parts;
    if (this.#batch.otlp) {
      parts.hasTime = time >= 0 && this.#readTime(time);
      parts.time = parts.hasTime ? time : -1;
      parts.severity = ofLevel === undefined ? 0 : ofLevel.severity;
      parts.level = ofLevel === undefined ? -1 : level;
      parts.message = message;
      parts.service = ofService === undefined ? -1 : service;
      parts.trace = this.#isId(trace, 32) ? trace : -1;
      parts.span = this.#isId(span, 16) ? span : -1;
    }
    this.#batch.addMembers(this.#scanner, ofService === undefined ? this.#service : ofService.name, parts);
    return true;
  }

  #assignRoles(): void {
    const { count, names } = this.#scanner;
    const members = this.#members;
    // Neither `fill` nor destructuring: both are calls, which cost more than all the rest.
    for (let role = 0; role < roles.length; role += 1) members[role] = -1;
    for (let index = 0; index < count; index += 1) {
      const name = names[index];
      if (name === undefined || name.role < 0) continue;
      const before = members[name.role] ?? -1;
      if (before < 0 || (names[before]?.rank ?? 0) > name.rank) members[name.role] = index;
    }
  }

  /** `undefined` for a value that is not usable, as in `parseRecord`. */
  #levelOf(index: number): Level | undefined {
    const { bytes, view, kinds: kindOf, starts, ends } = this.#scanner;
    const start = starts[index] ?? 0;
    const end = ends[index] ?? 0;
    if (kindOf[index] === kinds.text) {
      const known = this.#levels.find(view, start, end);
      if (known !== undefined) return known;
      const level = describeLevel(bytes.toString('utf8', start, end));
      if (!this.#levels.isFull()) this.#levels.add(view, start, end, level);
      return level;
    }
    if (kindOf[index] !== kinds.whole) return undefined;
    const value = wholeOf(bytes, start, end);
    if (value > 1000) return describeLevel(value);
    return (this.#numericLevels[value] ??= describeLevel(value));
  }

  #serviceOf(index: number): Service | undefined {
    const { bytes, view, kinds: kindOf, starts, ends } = this.#scanner;
    const start = starts[index] ?? 0;
    const end = ends[index] ?? 0;
    if (kindOf[index] !== kinds.text || end === start) return undefined;
    const known = this.#services.find(view, start, end);
    if (known !== undefined) return known;
    const name = bytes.toString('utf8', start, end);
    if (Buffer.byteLength(name) > longestService) return undefined;
    const service = { name, counted: this.#counts.of(name) };
    if (!this.#services.isFull()) this.#services.add(view, start, end, service);
    return service;
  }

  #readTime(index: number): boolean {
    const { bytes, view, kinds: kindOf, starts, ends } = this.#scanner;
    const start = starts[index] ?? 0;
    const end = ends[index] ?? 0;
    const kind = kindOf[index];
    if (kind === kinds.text && this.#times.read(bytes, view, start, end)) {
      this.#parts.seconds = this.#times.seconds;
      this.#parts.nanoseconds = this.#times.nanoseconds;
      return true;
    }
    const moment =
      kind === kinds.text
        ? momentOfText(bytes.toString('utf8', start, end))
        : kind === kinds.whole
          ? momentOfNumber(wholeOf(bytes, start, end))
          : undefined;
    if (moment === undefined) return false;
    [this.#parts.seconds, this.#parts.nanoseconds] = moment;
    return true;
  }

  #isId(index: number, length: number): boolean {
    const { bytes, kinds: kindOf, starts, ends } = this.#scanner;
    if (index < 0 || kindOf[index] !== kinds.text) return false;
    return isId(bytes, starts[index] ?? 0, ends[index] ?? 0, length);
  }
}

/** Bytes of the byte order mark with which some programs on Windows begin a file. It is no part of the first line. */
function lengthOfMark(bytes: Buffer, length: number): number {
  return length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function describeLevel(value: string | number): Level {
  const severity = severityOf(value);
  return { severity, level: levelOfSeverity(severity) };
}
