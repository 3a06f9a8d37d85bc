import { encodeXmlRpcValue, type XmlRpcStruct } from './xml-rpc-value.js';

/** Classes the importer handles, in no particular order. */
export type XvaClass = 'SR' | 'VDI' | 'VM' | 'VBD' | 'VIF' | 'network';

/** One object of the archive: `id` is its `Ref:…`, `snapshot` its XAPI record. */
export interface XvaObject {
  readonly class: XvaClass;
  readonly id: string;
  readonly snapshot: XmlRpcStruct;
}

export const NULL_REF = 'OpaqueRef:NULL';

/**
 * Who the archive says it comes from. The importer refuses versions newer than its own, and 1.20 is older than
 * every supported host; export version 2 means checksums stand in line.
 */
const VERSION: XmlRpcStruct = {
  hostname: 'xenferry',
  date: '2000-01-01',
  product_version: '7.0.0',
  product_brand: 'XenServer',
  build_number: '0',
  xapi_major: 1,
  xapi_minor: 20,
  export_vsn: 2,
};

/** The text of `ova.xml`. */
export function encodeOvaXml(objects: readonly XvaObject[]): string {
  return encodeXmlRpcValue({
    version: VERSION,
    objects: objects.map((object) => ({ class: object.class, id: object.id, snapshot: object.snapshot })),
  });
}
