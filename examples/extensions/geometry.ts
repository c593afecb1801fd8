// PostGIS: geometry and geography as GeoJSON has them, by their binary form (EWKB).
import type { TypeCodec } from 'asyncpg';

/** x and y, or x, y and z, or x, y, z and m; an empty point has none. */
export type Position = number[];

export type Geometry = {
  /** Its reference system, where that is not the codec's own. */
  srid?: number;
} & (
  | { type: 'Point'; coordinates: Position }
  | { type: 'LineString' | 'MultiPoint'; coordinates: Position[] }
  | { type: 'Polygon' | 'MultiLineString'; coordinates: Position[][] }
  | { type: 'MultiPolygon'; coordinates: Position[][][] }
  | { type: 'GeometryCollection'; geometries: Geometry[] }
);

/** By their numbers in EWKB, from 1 on. */
const TYPES = ['Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon'];
const COLLECTION = 7;
/** What the parts of the multiple ones are. */
const PART: Readonly<Record<number, number>> = { 4: 1, 5: 2, 6: 3 };
const HAS_Z = 0x80000000;
const HAS_M = 0x40000000;
const HAS_SRID = 0x20000000;

/**
 * A codec for `geometry` and `geography`.
 *
 * @param srid of values that name none; results in it do not name it
 */
export function geometryCodec(srid = 0): TypeCodec {
  return {
    format: 'binary',
    encoder(value: Geometry) {
      const writer = new Writer(positionsOf(value)[0]?.length ?? 2);
      writer.geometry(value, value.srid ?? srid);
      return Buffer.concat(writer.parts);
    },
    decoder(bytes: Buffer): Geometry {
      const { srid: own, ...value } = new Reader(bytes).geometry();
      return own === srid ? value : { ...value, srid: own };
    },
  };
}

/** How deep positions are in the coordinates of a type. */
const DEPTH = [0, 1, 2, 1, 2, 3];

function numberOf({ type }: { readonly type: string }): number {
  const number = TYPES.indexOf(type) + 1;
  if (number === 0) throw new TypeError(`${type} is no type of a geometry`);
  return number;
}

function positionsOf(value: Geometry): Position[] {
  if (value.type === 'GeometryCollection') return value.geometries.flatMap(positionsOf);
  const depth = DEPTH[numberOf(value) - 1]!;
  const list = depth === 0 ? [value.coordinates] : value.coordinates.flat(depth - 1);
  return (list as Position[]).filter(({ length }) => length > 0);
}

class Reader {
  readonly #view: DataView;
  #at = 0;
  #isLittle = true;
  #size = 2;

  constructor({ buffer, byteOffset, byteLength }: Buffer) {
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  #uint32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, this.#isLittle);
  }

  #list<T>(read: () => T): T[] {
    return Array.from({ length: this.#uint32() }, read);
  }

  geometry(): Geometry & { srid: number } {
    this.#isLittle = this.#view.getUint8(this.#at++) === 1;
    const code = this.#uint32();
    if ((code & HAS_M) !== 0 && (code & HAS_Z) === 0) {
      throw new TypeError('m without z is in no GeoJSON: select ST_Force2D(…) or ST_Force4D(…)');
    }
    this.#size = 2 + ((code & HAS_Z) === 0 ? 0 : 1) + ((code & HAS_M) === 0 ? 0 : 1);
    const srid = (code & HAS_SRID) === 0 ? 0 : this.#uint32();
    const number = code & 0xff;
    if (number === COLLECTION) {
      const geometries = this.#list(() => {
        const { srid: _, ...part } = this.geometry();
        return part as Geometry;
      });
      return { type: 'GeometryCollection', geometries, srid };
    }
    const type = TYPES[number - 1];
    if (type === undefined) {
      throw new TypeError(
        `a geometry of type ${number} is in no GeoJSON: select ST_CurveToLine(…)`,
      );
    }
    return { type, coordinates: this.#coordinates(number), srid } as Geometry & { srid: number };
  }

  #coordinates(number: number): unknown[] {
    if (number === 1) return this.#position();
    if (number === 2) return this.#list(() => this.#position());
    if (number === 3) return this.#list(() => this.#coordinates(2));
    return this.#list(() => {
      const part = this.geometry();
      return part.type === 'GeometryCollection' ? [] : part.coordinates;
    });
  }

  #position(): Position {
    const position = Array.from({ length: this.#size }, () => {
      this.#at += 8;
      return this.#view.getFloat64(this.#at - 8, this.#isLittle);
    });
    return position.every(Number.isNaN) ? [] : position;
  }
}

class Writer {
  readonly parts: Buffer[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  #head(number: number, srid: number): void {
    const head = Buffer.alloc(srid === 0 ? 5 : 9, 1);
    const flags = [undefined, undefined, 0, HAS_Z, HAS_Z + HAS_M][this.#size];
    if (flags === undefined) throw new TypeError('a position has 2 to 4 numbers');
    head.writeUInt32LE(flags + number + (srid === 0 ? 0 : HAS_SRID), 1);
    if (srid !== 0) head.writeUInt32LE(srid, 5);
    this.parts.push(head);
  }

  #list<T>(list: readonly T[], write: (each: T) => void): void {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(list.length);
    this.parts.push(length);
    list.forEach(write);
  }

  geometry(value: Geometry, srid: number): void {
    if (value.type === 'GeometryCollection') {
      this.#head(COLLECTION, srid);
      this.#list(value.geometries, (part) => this.geometry(part, 0));
      return;
    }
    this.#plain(numberOf(value), value.coordinates, srid);
  }

  #plain(number: number, coordinates: unknown[], srid: number): void {
    this.#head(number, srid);
    this.#coordinates(number, coordinates);
  }

  #coordinates(number: number, coordinates: unknown[]): void {
    const part = PART[number];
    if (part !== undefined) {
      this.#list(coordinates as unknown[][], (each) => this.#plain(part, each, 0));
    } else if (number === 1) this.#position(coordinates as Position);
    else this.#list(coordinates as unknown[][], (each) => this.#coordinates(number - 1, each));
  }

  #position(position: Position): void {
    const bytes = Buffer.alloc(8 * this.#size);
    const isEmpty = position.length === 0;
    if (!isEmpty && position.length !== this.#size) {
      throw new TypeError(`a position has ${position.length} numbers, another ${this.#size}`);
    }
    for (let i = 0; i < this.#size; i++) bytes.writeDoubleLE(isEmpty ? NaN : position[i]!, 8 * i);
    this.parts.push(bytes);
  }
}
