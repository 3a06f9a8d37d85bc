#!/usr/bin/env python3
"""Reads configurations for xl and tells what they say, by two readers that share no code with their writer.

    xl_config.py FILE...

Writes a line of JSON for each: `python` has the settings as Python reads them, whose syntax xl.cfg(5) takes its values from; `xl` has them,
and the disks, as the library reads them that is a part of xl (libxlutil), or null where it is not installed. Ends with
1 and a line on stderr when a reader refuses a file.
"""

import ast
import ctypes
import json
import sys

LIBRARY = "libxlutil.so.4.17"
FORMATS = ["unknown", "qcow", "qcow2", "vhd", "raw", "empty", "qed"]


class Bad(Exception):
    """A reader refuses the file."""


def by_python(text):
    settings = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise Bad(f"not a setting: {ast.unparse(statement)}")
        name = statement.targets[0].id
        if name in settings:
            raise Bad(f"{name} is set twice")
        settings[name] = ast.literal_eval(statement.value)
    return settings


class Disk(ctypes.Structure):
    """The beginning of libxl_device_disk; room for the rest."""

    _fields_ = [
        ("backend_domid", ctypes.c_uint32),
        ("backend_domname", ctypes.c_char_p),
        ("pdev_path", ctypes.c_char_p),
        ("vdev", ctypes.c_char_p),
        ("backend", ctypes.c_int),
        ("format", ctypes.c_int),
        ("script", ctypes.c_char_p),
        ("removable", ctypes.c_bool),
        ("readwrite", ctypes.c_int),
        ("is_cdrom", ctypes.c_int),
        ("rest", ctypes.c_char * 4096),
    ]


class Xl:
    def __init__(self, library):
        self.library = library
        library.xlu_cfg_init.restype = ctypes.c_void_p
        library.xlu_cfg_get_listitem.restype = ctypes.c_char_p
        libc = ctypes.CDLL(None)
        stderr = ctypes.c_void_p.in_dll(libc, "stderr")
        self.config = ctypes.c_void_p(library.xlu_cfg_init(stderr, b"configuration"))

    def read(self, data):
        if self.library.xlu_cfg_readdata(self.config, data, len(data)) != 0:
            raise Bad("xl cannot read it")

    def value(self, name):
        text = ctypes.c_char_p()
        if self.library.xlu_cfg_get_string(self.config, name, ctypes.byref(text), 1) == 0:
            return text.value.decode()
        items, count = ctypes.c_void_p(), ctypes.c_int()
        if self.library.xlu_cfg_get_list(self.config, name, ctypes.byref(items), ctypes.byref(count), 0) != 0:
            raise Bad(f"xl does not find {name.decode()}")
        return [self.library.xlu_cfg_get_listitem(items, index).decode() for index in range(count.value)]

    def disk(self, spec):
        disk, specs = Disk(), (ctypes.c_char_p * 1)(spec.encode())
        if self.library.xlu_disk_parse(self.config, 1, specs, ctypes.byref(disk)) != 0:
            raise Bad(f"xl refuses the disk {spec}")
        return {
            "target": (disk.pdev_path or b"").decode(),
            "vdev": disk.vdev.decode(),
            "format": FORMATS[disk.format],
            "writable": disk.readwrite == 1,
            "cdrom": disk.is_cdrom == 1,
        }


def by_xl(data, names):
    try:
        xl = Xl(ctypes.CDLL(LIBRARY))
    except OSError:
        return None
    xl.read(data)
    settings = {name: xl.value(name.encode()) for name in names}
    return {"settings": settings, "disks": [xl.disk(spec) for spec in settings.get("disk", [])]}


def main():
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            data = file.read()
        try:
            settings = by_python(data.decode())
            print(json.dumps({"python": settings, "xl": by_xl(data, settings)}))
        except (Bad, SyntaxError, ValueError) as error:
            sys.exit(f"{path}: {error}")


main()
