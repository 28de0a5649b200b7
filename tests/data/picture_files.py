"""Picture files: still ones by TensorFlow, animated GIFs byte by byte."""

import struct

import numpy as np
import tensorflow as tf

GREYS = 128  # of a GIF's palette: codes are then bytes, as long as the dictionary is cleared in time
RUN = 120


def picture(height=6, width=8, seed=0):
    """Random colours, (height, width, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def write_picture(path, pixels):
    """Writes a PNG, JPEG or BMP, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".bmp":
        path.write_bytes(bmp_bytes(pixels))
    else:
        encode = tf.io.encode_jpeg if path.suffix == ".jpg" else tf.io.encode_png
        path.write_bytes(encode(pixels).numpy())
    return path


def bmp_bytes(pixels):
    height, width, _ = pixels.shape
    rows = [row[:, ::-1].tobytes().ljust(-(-width * 3 // 4) * 4, b"\0") for row in pixels[::-1]]
    data = b"".join(rows)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(data), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(data), 0, 0, 54) + header + data


def gif_bytes(frames):
    """An animated GIF of grey frames, (frames, height, width) of 0 to 127, which are twice as bright."""
    _, height, width = frames.shape
    palette = b"".join(bytes([2 * grey] * 3) for grey in range(GREYS))
    written = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xE6, 0, 0) + palette
    for frame in frames.astype(np.uint8):
        flat = frame.tobytes()
        runs = b"".join(bytes([GREYS]) + flat[at : at + RUN] for at in range(0, len(flat), RUN))
        runs += bytes([GREYS + 1])
        blocks = (runs[at : at + 255] for at in range(0, len(runs), 255))
        written += (
            b"\x21\xf9\x04\0\x0a\0\0\0" + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07"
        )
        written += b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    return written + b";"
