#!/usr/bin/env python3
"""Judges an XVA as XAPI's importer would read it; shares no code with the converter and needs nothing but Python 3.

    xva_check.py FILE [--extract DIR] [--model FILE]

Prints one JSON document: good, findings (in words), objects, disks, checksums.
--extract writes each disk as a sparse raw file DIR/disk<userdevice>.raw.
--model   names XAPI's data model as JSON; every field and its type is looked up in it.
Exit code: 0 good, 1 bad, 2 cannot be judged.

The rules are those of xen-api's import.ml, stream_vdi.ml and importexport.ml.
"""

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import tarfile
import xml.etree.ElementTree as ElementTree

RECORD = 512
NULL_REF = "OpaqueRef:NULL"
NEWEST_XAPI = (1, 20)  # every supported host accepts archives up to this version
HANDLED = {
    "host", "SR", "VDI", "VM_guest_metrics", "VM_metrics", "VM", "network", "GPU_group", "VBD", "VIF",
    "VGPU_type", "VGPU", "PVS_site", "PVS_proxy", "VTPM",
}
VERSION_FIELDS = {
    "hostname": str, "date": str, "product_version": str, "product_brand": str, "build_number": str,
    "xapi_major": int, "xapi_minor": int, "export_vsn": int,
}
STATUS = "status_code status_detail runtime_properties qos_algorithm_type qos_algorithm_params qos_supported_algorithms"
MANDATORY = {
    # "parent", "has_vendor_device" and "domain_type" have defaults, but their absence changes what is imported.
    "VM": "uuid user_version is_a_template resident_on affinity memory_static_max memory_dynamic_max "
          "memory_dynamic_min memory_static_min VCPUs_params VCPUs_max VCPUs_at_startup actions_after_shutdown "
          "actions_after_reboot actions_after_crash PV_bootloader PV_kernel PV_ramdisk PV_args PV_bootloader_args "
          "PV_legacy_args HVM_boot_policy HVM_boot_params platform PCI_bus other_config domid domarch "
          "is_control_domain metrics guest_metrics recommendations parent has_vendor_device domain_type "
          "HVM_shadow_multiplier power_state name_label name_description generation_id hardware_platform_version "
          "NVRAM",
    "VBD": "uuid VM VDI userdevice bootable mode type storage_lock empty other_config " + STATUS,
    "VDI": "uuid SR virtual_size physical_utilisation type sharable read_only other_config storage_lock managed "
           "missing parent",
    "VIF": "uuid device network VM MAC MTU other_config " + STATUS,
    "SR": "uuid virtual_allocation physical_utilisation physical_size type content_type shared other_config",
    "network": "uuid other_config name_label bridge",
}
# Which class each reference leads to.
REFERENCES = {
    "VM": {"resident_on": "host", "affinity": "host", "metrics": "VM_metrics", "guest_metrics": "VM_guest_metrics",
           "parent": "VM", "VBDs": "VBD", "VIFs": "VIF"},
    "VBD": {"VM": "VM", "VDI": "VDI"},
    "VDI": {"SR": "SR", "parent": "VDI"},
    "VIF": {"VM": "VM", "network": "network"},
}
NEVER_NULL = {("VBD", "VM"), ("VDI", "SR"), ("VIF", "VM"), ("VIF", "network")}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
MEMBER = re.compile(r"(?P<disk>[^/]+)/(?P<counter>\d{8,})(?P<suffix>\.checksum|\.xxhash)?")


class Unusable(Exception):
    """What is wrong keeps the rest from being looked at."""


# --- checksums ------------------------------------------------------------------------------------------

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def rotl(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK


def xxh64(data):
    """XXH64 with seed 0, by its specification; slow."""
    def step(lane, word):
        return rotl((lane + word * P2) & MASK, 31) * P1 & MASK

    length = len(data)
    position = 0
    if length >= 32:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        stripes = length // 32
        for a, b, c, d in struct.iter_unpack("<4Q", memoryview(data)[: stripes * 32]):
            lanes = [step(lanes[0], a), step(lanes[1], b), step(lanes[2], c), step(lanes[3], d)]
        position = stripes * 32
        value = sum(rotl(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ step(0, lane)) * P1 + P4) & MASK
    else:
        value = P5
    value = (value + length) & MASK
    while position + 8 <= length:
        value = (rotl(value ^ step(0, struct.unpack_from("<Q", data, position)[0]), 27) * P1 + P4) & MASK
        position += 8
    if position + 4 <= length:
        word = struct.unpack_from("<I", data, position)[0]
        value = (rotl(value ^ (word * P1 & MASK), 23) * P2 + P3) & MASK
        position += 4
    for byte in data[position:]:
        value = rotl(value ^ (byte * P5 & MASK), 11) * P1 & MASK
    value = (value ^ (value >> 33)) * P2 & MASK
    value = (value ^ (value >> 29)) * P3 & MASK
    return value ^ (value >> 32)


def self_test():
    """The published test vectors: a wrong judge is worse than none."""
    vectors = {b"": 0xEF46DB3751D8E999, b"a": 0xD24EC4F1A98C6E5B, b"abc": 0x44BC2CF5AD770999,
               b"Nobody inspects the spammish repetition": 0xFBCEA83C8A378BF1}
    for data, expected in vectors.items():
        assert xxh64(data) == expected, data


# --- ova.xml ----------------------------------------------------------------------------------------------

def xml_rpc_value(element):
    """A <value> as Python: str, int, bool, float, list or dict."""
    if element.tag != "value":
        raise Unusable(f"ova.xml: <{element.tag}> where a <value> should stand")
    if len(element) == 0:
        return element.text or ""
    if len(element) > 1:
        raise Unusable("ova.xml: a <value> with more than one type")
    typed = element[0]
    text = typed.text or ""
    if typed.tag == "string":
        return text
    if typed.tag in ("i4", "int"):
        return int(text)
    if typed.tag == "boolean":
        if text not in ("0", "1"):  # anything else is read as false, whatever it says
            raise Unusable(f"ova.xml: the boolean {text!r} is neither 0 nor 1")
        return text == "1"
    if typed.tag == "double":
        return float(text)
    if typed.tag == "dateTime.iso8601":
        return text
    if typed.tag == "array":
        return [xml_rpc_value(item) for item in typed.findall("./data/value")]
    if typed.tag == "struct":
        members = {}
        for member in typed.findall("member"):
            name = member.findtext("name")
            value = member.find("value")
            if name is None or value is None or name in members:
                raise Unusable(f"ova.xml: the member {name!r} is broken or stands twice")
            members[name] = xml_rpc_value(value)
        return members
    raise Unusable(f"ova.xml: the type <{typed.tag}> is not one of XML-RPC")


def parse_ova_xml(content):
    try:
        document = xml_rpc_value(ElementTree.fromstring(content))
    except (ElementTree.ParseError, ValueError) as error:
        raise Unusable(f"ova.xml: {error}") from error
    if not isinstance(document, dict) or set(document) != {"version", "objects"}:
        raise Unusable("ova.xml is not a struct of version and objects")
    for item in document["objects"]:
        if not isinstance(item, dict) or set(item) != {"class", "id", "snapshot"}:
            raise Unusable("ova.xml: an object is not a struct of class, id and snapshot")
    return document


def version_findings(version):
    for name, kind in VERSION_FIELDS.items():
        if type(version.get(name)) is not kind:
            yield f"version.{name} is missing or not of type {kind.__name__}"
            return
    if (version["xapi_major"], version["xapi_minor"]) > NEWEST_XAPI:
        yield "the archive says it comes from a newer XAPI than the oldest supported host has"
    if version["export_vsn"] != 2:
        yield f"export version {version['export_vsn']} instead of 2"


def object_findings(objects):
    by_id = {item["id"]: item for item in objects}
    if len(by_id) != len(objects):
        yield "an id stands twice"
    uuids = [item["snapshot"].get("uuid") for item in objects]
    for uuid in {uuid for uuid in uuids if uuids.count(uuid) > 1}:
        yield f"the uuid {uuid} stands twice"
    for item in objects:
        kind, name, snapshot = item["class"], f"{item['class']} {item['id']}", item["snapshot"]
        if kind not in HANDLED:
            yield f"{name}: the importer does not know the class"
        for field in MANDATORY.get(kind, "").split():
            if field not in snapshot:
                yield f"{name} lacks {field}"
        if not UUID.fullmatch(str(snapshot.get("uuid"))):
            yield f"{name}: {snapshot.get('uuid')!r} is no uuid"
        yield from reference_findings(item, by_id)
    if sum(item["class"] == "VM" for item in objects) != 1:
        yield "not exactly one VM"


def reference_findings(item, by_id):
    for field, target in REFERENCES.get(item["class"], {}).items():
        value = item["snapshot"].get(field, [])
        for ref in value if isinstance(value, list) else [value]:
            name = f"{item['class']} {item['id']}.{field}"
            if ref == NULL_REF:
                if (item["class"], field) in NEVER_NULL:
                    yield f"{name} leads nowhere"
            elif ref not in by_id:
                yield f"{name}: {ref} is not in the archive"
            elif by_id[ref]["class"] != target:
                yield f"{name}: {ref} is a {by_id[ref]['class']}, not a {target}"


def of_class(objects, kind):
    return [(item["id"], item["snapshot"]) for item in objects if item["class"] == kind]


def machine_findings(objects):
    """What must fit together; called only when every mandatory field is there."""
    for vm_id, vm in of_class(objects, "VM"):
        memory = [int(vm[f"memory_{limit}"]) for limit in ("static_min", "dynamic_min", "dynamic_max", "static_max")]
        if memory != sorted(memory) or memory[-1] <= 0:
            yield f"VM {vm_id}: the memory limits {memory} do not ascend"
        if not 1 <= int(vm["VCPUs_at_startup"]) <= int(vm["VCPUs_max"]):
            yield f"VM {vm_id}: more CPUs at startup than at most"
        for field, kind in (("VBDs", "VBD"), ("VIFs", "VIF")):
            owned = sorted(ref for ref, snapshot in of_class(objects, kind) if snapshot["VM"] == vm_id)
            if field in vm and sorted(vm[field]) != owned:
                yield f"VM {vm_id}.{field} is {vm[field]}, the {kind}s say {owned}"
    for kind, field in (("VBD", "userdevice"), ("VIF", "device")):
        devices = [(snapshot["VM"], snapshot[field]) for _, snapshot in of_class(objects, kind)]
        if len(set(devices)) != len(devices):
            yield f"two {kind}s have the same {field}"
    for ref, vif in of_class(objects, "VIF"):
        if not MAC.fullmatch(vif["MAC"]) or int(vif["MAC"][:2], 16) & 1:
            yield f"VIF {ref}: {vif['MAC']} is no unicast MAC address"
    for ref, vbd in of_class(objects, "VBD"):
        if (vbd["VDI"] == NULL_REF) != vbd["empty"]:
            yield f"VBD {ref} says empty={vbd['empty']} and has the VDI {vbd['VDI']}"
        if vbd["empty"] and vbd["type"] != "CD":
            yield f"VBD {ref} is an empty disk"
    for ref, vdi in of_class(objects, "VDI"):
        if int(vdi["virtual_size"]) <= 0 or int(vdi["virtual_size"]) % RECORD:
            yield f"VDI {ref}: a size of {vdi['virtual_size']} bytes"


# --- the data model -----------------------------------------------------------------------------------------

def model_findings(objects, model):
    for item in objects:
        known = model["classes"].get(item["class"])
        if known is None:
            yield f"{item['class']} is no class of XAPI"
            continue
        types = {field["name"]: field["type"] for field in known["fields"]}
        for field, value in item["snapshot"].items():
            name = f"{item['class']} {item['id']}.{field}"
            if field not in types:
                yield f"{name} is no field of XAPI"
            elif not fits(value, types[field], model["enums"]):
                yield f"{name}: {value!r} is no {types[field]}"


def fits(value, kind, enums):
    """Whether a value can be read as a type of the model; 64-bit integers travel as strings."""
    if kind.endswith(" set"):
        return isinstance(value, list) and all(fits(item, kind[:-4], enums) for item in value)
    mapping = re.fullmatch(r"\((.+) -> (.+)\) map", kind)
    if mapping:
        key_kind, value_kind = mapping.groups()
        return isinstance(value, dict) and all(
            fits(key, key_kind, enums) and fits(item, value_kind, enums) for key, item in value.items())
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "float":
        return isinstance(value, float)
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool) or bool(re.fullmatch(r"-?\d+", str(value)))
    if kind.startswith("enum "):
        return value in enums[kind[5:]]
    return isinstance(value, str)


# --- the archive ---------------------------------------------------------------------------------------------

class Members:
    """The archive's members in order, with one to look ahead."""

    def __init__(self, path):
        self.size = os.path.getsize(path)
        self.file = open(path, "rb")
        try:
            self.tar = tarfile.open(fileobj=self.file, mode="r:")
            self.next = self.tar.next()
        except tarfile.TarError as error:
            raise Unusable(f"not a tar: {error}") from error
        self.end = 0

    def take(self):
        """The next member and its content."""
        member = self.next
        padded = -(-member.size // RECORD) * RECORD
        if not member.isreg():
            raise Unusable(f"{member.name} is no regular file")
        if member.offset_data + padded > self.size:
            raise Unusable(f"the archive ends inside {member.name}")
        self.file.seek(member.offset_data)
        content = self.file.read(member.size)
        self.end = member.offset_data + padded
        try:
            self.next = self.tar.next()
        except tarfile.TarError as error:
            raise Unusable(f"after {member.name}: {error}") from error
        self.tar.members = []  # tarfile would keep them all
        return member, content

    def rest_is_zero(self):
        """tarfile takes a broken header for the end, so that what follows has to be looked at."""
        self.file.seek(self.end)
        while piece := self.file.read(1 << 20):
            if piece.count(0) != len(piece):
                return False
        return True


def streamed_disks(objects):
    """(id, size, userdevice) of the disks the archive carries, in the importer's order: plain string order of ids."""
    srs = dict(of_class(objects, "SR"))
    disks = {}
    for ref, vdi in of_class(objects, "VDI"):
        users = [vbd for _, vbd in of_class(objects, "VBD") if vbd["VDI"] == ref and vbd["type"] != "CD"]
        if users and srs[vdi["SR"]]["content_type"] != "iso":
            disks[ref] = (ref, int(vdi["virtual_size"]), users[0]["userdevice"])
    return [disks[ref] for ref in sorted(disks)]


def read_block(members, findings, counts):
    """One chunk with its checksum, as (disk id, counter, content)."""
    member, content = members.take()
    match = MEMBER.fullmatch(member.name)
    if match is None or match["suffix"] is not None:
        raise Unusable(f"unexpected member {member.name}")
    if len(content) % RECORD:
        findings.append(f"{member.name} has {len(content)} bytes, no multiple of {RECORD}")
    if members.next is None:
        raise Unusable(f"{member.name} has no checksum")
    check, stated = members.take()
    if check.name == f"{member.name}.checksum":
        kind, actual = "sha1", hashlib.sha1(content).hexdigest()
    elif check.name == f"{member.name}.xxhash":
        kind, actual = "xxhash", f"{xxh64(content):016X}"
    else:
        raise Unusable(f"{check.name} where the checksum of {member.name} should stand")
    if stated.decode("latin-1") != actual:
        findings.append(f"the checksum of {member.name} is {actual}, the archive says {stated.decode('latin-1')}")
    counts[kind] += 1
    return match["disk"], int(match["counter"]), content


def read_disk(disk, members, chunk_bytes, findings, counts, out):
    """Reads one disk as the importer does, which stops when the disk's size is reached."""
    ref, size, _ = disk
    position, last, stored, chunks = 0, -1, 0, 0
    while position < size:
        if members.next is None:
            raise Unusable(f"the archive ends before the last chunk of {ref}")
        owner, counter, content = read_block(members, findings, counts)
        if owner != ref:
            raise Unusable(f"a chunk of {owner} where one of {ref} is due: wrong order, or a last chunk is missing")
        if counter <= last:
            raise Unusable(f"{ref}: chunk {counter} after chunk {last}")
        if last == -1 and counter != 0:
            raise Unusable(f"{ref}: the first chunk is number {counter}")
        # The first chunk of the archive gives the size of all.
        chunk_bytes = chunk_bytes or len(content)
        position = counter * chunk_bytes
        if len(content) != min(chunk_bytes, size - position):
            raise Unusable(f"{ref}: chunk {counter} has {len(content)} bytes, {min(chunk_bytes, size - position)} expected")
        if out is not None and content.count(0) != len(content):
            out.seek(position)
            out.write(content)
        position += len(content)
        last, stored, chunks = counter, stored + len(content), chunks + 1
    return chunk_bytes, {"id": ref, "virtualSize": size, "chunks": chunks, "storedBytes": stored}


def judge(path, extract, model):
    result = {"good": False, "findings": [], "objects": [], "disks": [], "checksums": {"sha1": 0, "xxhash": 0}}
    findings = result["findings"]
    try:
        members = Members(path)
        member, content = members.take()
        if member.name != "ova.xml":
            raise Unusable(f"the first member is {member.name}, not ova.xml")
        document = parse_ova_xml(content)
        objects = result["objects"] = document["objects"]
        findings += version_findings(document["version"])
        findings += object_findings(objects)
        if model is not None:
            findings += model_findings(objects, model)
        if findings:
            raise Unusable("the disks were not looked at")
        findings += machine_findings(objects)
        chunk_bytes = None
        for disk in streamed_disks(objects):
            out, file = None, None
            if extract is not None:
                file = os.path.join(extract, f"disk{disk[2]}.raw")
                out = open(file, "wb")
                out.truncate(disk[1])
            chunk_bytes, summary = read_disk(disk, members, chunk_bytes, findings, result["checksums"], out)
            if out is not None:
                out.close()
            result["disks"].append({**summary, "userdevice": disk[2], "file": file})
        if members.next is not None:
            findings.append(f"unexpected member {members.next.name} after the last disk")
        elif not members.rest_is_zero():
            findings.append("something stands behind the last disk")
        if members.size % RECORD:
            findings.append(f"a length of {members.size} bytes, no multiple of {RECORD}")
    except Unusable as error:
        findings.append(str(error))
    result["good"] = not findings
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--extract", metavar="DIR")
    parser.add_argument("--model", metavar="FILE")
    options = parser.parse_args()
    self_test()
    model = None
    if options.model is not None:
        with open(options.model, encoding="utf-8") as file:
            model = json.load(file)
    try:
        result = judge(options.file, options.extract, model)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    json.dump(result, sys.stdout)
    sys.exit(0 if result["good"] else 1)


if __name__ == "__main__":
    main()
