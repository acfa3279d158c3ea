"""Small generated files for the synthetic year (示例附件): photos and papers, each with bytes of its own."""

import hashlib
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

SIDE = 16


def photo(label: str) -> SimpleUploadedFile:
    """A tiny JPEG whose colours follow from its label, so that no two labels give the same photo."""
    seed = hashlib.sha256(label.encode()).digest()
    image = Image.frombytes("RGB", (SIDE, SIDE), seed * (SIDE * SIDE * 3 // len(seed)))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return SimpleUploadedFile(f"{label}〔示例〕.jpg", buffer.getvalue(), content_type="image/jpeg")


def paper(label: str) -> SimpleUploadedFile:
    """A one-page PDF that names its label in a comment; the page itself is blank."""
    mark = hashlib.sha256(label.encode()).hexdigest()
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    )
    body, places = f"%PDF-1.4\n%{mark}\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    tail = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    body += f"xref\n0 {size}\n0000000000 65535 f \n{table}{tail}"
    return SimpleUploadedFile(f"{label}〔示例〕.pdf", body.encode("ascii"), content_type="application/pdf")
