#!/usr/bin/env python3
"""Reads a VHD, with its parents when it is differencing, and writes the disk as a sparse raw file.

    vhd_read.py FILE RAW

Follows the "Virtual Hard Disk Image Format Specification" 1.0 and shares no code with the converter. Parents are looked
for beside FILE by the name in the header, and their locators must name the same file. Ends with 1 and a line on
stderr when the file breaks the specification.
"""

import os
import struct
import sys

SECTOR = 512


class Bad(Exception):
    """The file is not as the specification has it."""


def checked(data, at, what):
    """The structure, whose checksum at `at` must be the one's complement of the sum of all other bytes."""
    total = sum(data) - sum(data[at:at + 4])
    if struct.unpack_from(">I", data, at)[0] != ~total & 0xFFFFFFFF:
        raise Bad(f"checksum of the {what}")
    return data


class Vhd:
    def __init__(self, path):
        self.file = open(path, "rb")
        self.size = os.path.getsize(path)
        short = 511 if self.size % SECTOR == 511 else 512
        footer = checked(self.at(self.size - short, short).ljust(512, b"\0"), 64, "footer")
        cookie, self.header_at = footer[:8], struct.unpack_from(">Q", footer, 16)[0]
        if cookie != b"conectix":
            raise Bad("cookie of the footer")
        self.capacity, = struct.unpack_from(">Q", footer, 48)
        self.kind, = struct.unpack_from(">I", footer, 60)
        self.uuid = footer[68:84]
        self.parent = None
        if self.kind == 2:
            return
        if self.kind not in (3, 4):
            raise Bad("disk type")
        if short == 512 and self.at(0, 512) != footer:
            raise Bad("copy of the footer")
        header = checked(self.at(self.header_at, 1024), 36, "dynamic header")
        if header[:8] != b"cxsparse":
            raise Bad("cookie of the dynamic header")
        table, = struct.unpack_from(">Q", header, 16)
        entries, self.block = struct.unpack_from(">II", header, 28)
        self.bat = struct.unpack(f">{entries}I", self.at(table, entries * 4))
        bitmap_bits = self.block // SECTOR
        self.bitmap = (bitmap_bits // 8 + SECTOR - 1) // SECTOR * SECTOR
        if self.kind == 4:
            self.open_parent(os.path.dirname(path), header)

    def at(self, offset, length):
        self.file.seek(offset)
        data = self.file.read(length)
        if len(data) != length:
            raise Bad(f"{length} bytes at {offset} are not there")
        return data

    def open_parent(self, folder, header):
        name = header[64:576].decode("utf-16-be").split("\0")[0]
        for entry in range(8):
            code, _, length, reserved, offset = struct.unpack_from(">4sIIIQ", header, 576 + entry * 24)
            if reserved:
                raise Bad("reserved bytes of a locator")
            if code == b"W2ru":
                path = self.at(offset, length).decode("utf-16-le")
                if path != ".\\" + name:
                    raise Bad(f"relative path {path}")
            elif code == b"MacX":
                path = self.at(offset, length).decode("utf-8")
                if path != "file://./" + name:
                    raise Bad(f"file URL {path}")
            elif code != b"\0\0\0\0":
                raise Bad(f"platform {code}")
        self.parent = Vhd(os.path.join(folder, name))
        if self.parent.uuid != header[40:56]:
            raise Bad("UUID of the parent")

    def sector(self, number):
        """Content of a sector of the disk."""
        if number * SECTOR >= self.capacity:
            return bytes(SECTOR)
        if self.kind == 2:
            return self.at(number * SECTOR, SECTOR)
        block, within = divmod(number * SECTOR, self.block)
        if self.bat[block] != 0xFFFFFFFF:
            start = self.bat[block] * SECTOR
            bit = within // SECTOR
            if self.at(start + bit // 8, 1)[0] & (0x80 >> bit % 8):
                return self.at(start + self.bitmap + within, SECTOR)
        return self.parent.sector(number) if self.parent else bytes(SECTOR)


def main(path, raw):
    disk = Vhd(path)
    with open(raw, "wb") as out:
        out.truncate(disk.capacity)
        for number in range((disk.capacity + SECTOR - 1) // SECTOR):
            content = disk.sector(number)
            if any(content):
                out.seek(number * SECTOR)
                out.write(content[:disk.capacity - number * SECTOR])


try:
    main(*sys.argv[1:])
except Bad as error:
    sys.exit(f"not by the specification: {error}")
