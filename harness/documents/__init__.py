"""YAML with places: every YAML file that we read goes through here.

Files are read as events, with every scalar a string, so that `NO`, `0250` and `5.10` stay what
they are and every complaint can point at the author's own line.

    complaints = Complaints()
    root = read(path, complaints)            # syntax, repeated keys, encoding, size
    with Fields(root, complaints) as fields: # unknown keys are complained of at the end
        address = fields.required_text("address")
    complaints.raise_errors()                # one DocumentError with all that was found
"""

from harness.documents.complaints import Complaint, Complaints, DocumentError, nearest, render
from harness.documents.fields import Fields, read_duration, read_size
from harness.documents.nodes import ListNode, MappingNode, Node, TextNode
from harness.documents.places import Place
from harness.documents.reading import MAX_SIZE, load, parse, read

__all__ = [
    "MAX_SIZE",
    "Complaint",
    "Complaints",
    "DocumentError",
    "Fields",
    "ListNode",
    "MappingNode",
    "Node",
    "Place",
    "TextNode",
    "load",
    "nearest",
    "parse",
    "read",
    "read_duration",
    "read_size",
    "render",
]
