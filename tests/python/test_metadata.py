"""What a file says besides its pixels survives: EXIF, XMP, IPTC, ICC, resolution; and the note."""

import io
import struct
from xml.etree import ElementTree

import numpy as np
import pytest
from colorlab import errors, image_io
from PIL import Image, ImageCms, ImageOps, PngImagePlugin
from PIL.ExifTags import IFD, Base

RNG = np.random.default_rng(5)
GREY = np.asarray(Image.fromarray(RNG.integers(0, 256, (8, 8), dtype=np.uint8)).resize((96, 64), 3))
COLOR = np.stack([GREY, GREY[::-1], 255 - GREY], -1)
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'tiff:Orientation="6" tiff:Artist="A. Nonymous"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
OURS = "urn:colorlab:provenance:1"
IPTC = b"\x1c\x02\x50\x00\x0bA. Nonymous"
WRITABLE = ("jpg", "png", "tif", "webp")


def exif_of(orientation):
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Make] = "Voigtländer".encode().decode("latin-1")
    exif[Base.Copyright] = "The archive"
    exif[Base.DateTime] = "1936:05:01 12:00:00"
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal.value] = "1936:05:01 11:00:00"
    exif.get_ifd(IFD.Exif)[Base.ExposureTime.value] = 0.02
    exif.get_ifd(IFD.Exif)[Base.ISOSpeedRatings.value] = 25
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    exif.get_ifd(IFD.GPSInfo)[2] = (52.0, 31.0, 12.0)
    return exif


def with_thumbnail(exif, thumbnail):
    """EXIF whose second directory points at a JPEG behind it, as cameras write it."""
    block = bytearray(exif.tobytes()[6:])
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (entries,) = struct.unpack_from(order + "H", block, first)
    struct.pack_into(order + "I", block, first + 2 + 12 * entries, len(block))
    begin = len(block) + 2 + 2 * 12 + 4
    offset, length = (0x0201, 4, 1, begin), (0x0202, 4, 1, len(thumbnail))
    second = struct.pack(order + "HHHIIHHIII", 2, *offset, *length, 0)
    return b"Exif\0\0" + block + second + thumbnail


def encoded(image, format, **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format, **options)
    return buffer.getvalue()


def source(format, orientation=6):
    """A grey photo of a format with everything that Pillow can put into it."""
    options = {"exif": exif_of(orientation), "dpi": (300, 600)}
    if format == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        return encoded(GREY, "PNG", pnginfo=notes, **options)
    if format == "TIFF":
        options["exif"][700] = XMP
        options["exif"][33723] = IPTC
        for directory in (IFD.Exif, IFD.GPSInfo):
            options["exif"][directory] = options["exif"].get_ifd(directory)
        return encoded(GREY, "TIFF", **options)
    pixels = GREY if format == "JPEG" else COLOR
    return encoded(pixels, format, xmp=XMP, **options)


def pillows_exif(path):
    with Image.open(path) as image:
        exif = image.getexif()
        return exif, exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("extension", WRITABLE)
def test_exif_and_xmp_go_from_every_format_to_every_format(tmp_path, format, extension):
    pixels, metadata = image_io.read(source(format), with_metadata=True)
    assert pixels.shape[:2] == (96, 64)  # upright
    assert metadata.orientation == 6
    path = tmp_path / f"out.{extension}"
    image_io.write(path, pixels, metadata=metadata)
    exif, inner, gps = pillows_exif(path)
    assert exif.get(Base.Orientation, 1) == 1
    assert exif[Base.Copyright] == "The archive"
    assert exif[Base.DateTime] == "1936:05:01 12:00:00"
    assert inner[Base.DateTimeOriginal] == "1936:05:01 11:00:00"
    assert float(inner[Base.ExposureTime]) == pytest.approx(0.02)
    assert inner[Base.ISOSpeedRatings] == 25
    assert gps[1] == "N"
    assert [float(part) for part in gps[2]] == [52.0, 31.0, 12.0]
    again = image_io.read_metadata(path)
    assert again.xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')
    assert image_io.read(path).shape[:2] == (96, 64)  # not turned twice
    with Image.open(path) as image:
        assert ImageOps.exif_transpose(image).size == (64, 96)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_resolution_is_kept_and_turns_with_the_photo(tmp_path, format, extension):
    pixels, metadata = image_io.read(source(format), with_metadata=True)
    assert metadata.dpi == pytest.approx((600, 300), abs=0.1)  # the photo lay on its side
    path = tmp_path / f"out.{extension}"
    image_io.write(path, pixels, metadata=metadata)
    with Image.open(path) as image:
        assert [float(value) for value in image.info["dpi"]] == pytest.approx((600, 300), abs=0.1)


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_iptc_is_kept(tmp_path, extension):
    metadata = image_io.read_metadata(source("TIFF"))
    assert metadata.iptc.startswith(IPTC)
    path = tmp_path / f"out.{extension}"
    image_io.write(path, COLOR, metadata=metadata)
    assert image_io.read_metadata(path).iptc.rstrip(b"\0") == IPTC


def test_the_thumbnail_is_unlinked():
    block = with_thumbnail(exif_of(3), encoded(GREY[:16, :16], "JPEG"))
    parsed = Image.Exif()
    parsed.load(block)
    assert parsed.get_ifd(IFD.IFD1)  # so it was there
    metadata = image_io.read_metadata(encoded(GREY, "JPEG", exif=block))
    parsed = Image.Exif()
    parsed.load(metadata.exif)
    assert parsed[Base.Orientation] == 1
    assert not parsed.get_ifd(IFD.IFD1)


def test_a_broken_block_is_left_out():
    for block in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense here"):
        metadata = image_io.read_metadata(encoded(GREY, "JPEG", exif=block))
        assert metadata.exif == b""
        assert metadata.orientation == 1


def test_metadata_over_the_limit_are_left_out():
    data = encoded(GREY, "JPEG", xmp=XMP)
    assert image_io.read_metadata(data).xmp
    assert not image_io.read_metadata(data, limits={"max_metadata_bytes": 100}).xmp
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", "x" * 1_000_000, zip=True)
    data = encoded(GREY, "PNG", pnginfo=notes)
    assert len(image_io.read_metadata(data).xmp) == 1_000_000
    assert not image_io.read_metadata(data, limits={"max_metadata_bytes": 100_000}).xmp


def test_damaged_metadata_end_in_metadata():
    rng = np.random.default_rng(3)
    originals = [source(format) for format in ("JPEG", "PNG", "TIFF", "WEBP")]
    for number in range(400):
        data = bytearray(originals[number % 4])
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(2, min(len(data), 1500))] = rng.integers(0, 256)
        try:
            metadata = image_io.read_metadata(data)
        except errors.ImageError:
            continue
        assert 1 <= metadata.orientation <= 8


# Colours


def wide_profile():
    """An RGB profile unlike sRGB: its primaries swapped."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = {bytes(data[at : at + 4]): at for at in range(132, 132 + 12 * data[131], 12)}
    red, green = table[b"rXYZ"], table[b"gXYZ"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = (
        data[green + 4 : green + 12],
        data[red + 4 : red + 12],
    )
    return bytes(data)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_profiles_colors_become_srgb(format):
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(COLOR, format, icc_profile=wide_profile(), **options)
    stored = image_io.read(data, colors="stored")
    expected = ImageCms.profileToProfile(
        Image.fromarray(stored),
        ImageCms.ImageCmsProfile(io.BytesIO(wide_profile())),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    actual = image_io.read(data).astype(int)
    assert np.abs(actual - np.asarray(expected)).max() <= 2
    assert np.abs(actual - stored).max() > 50
    luma = image_io.read(data, mode="grey").astype(int)
    assert (
        np.abs(luma - np.asarray(Image.fromarray(actual.astype(np.uint8)).convert("L"))).max() <= 2
    )


def test_an_srgb_profile_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(image_io.read(encoded(COLOR, "PNG", icc_profile=profile)), COLOR)


@pytest.mark.parametrize("extension", WRITABLE)
def test_pixels_are_tagged_as_srgb(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    image_io.write(path, COLOR)
    with Image.open(path) as image:
        if extension == "png":
            assert image.info["srgb"] == 1
        else:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
            assert "sRGB" in ImageCms.getProfileDescription(profile)
    first = path.read_bytes()
    image_io.write(path, COLOR, overwrite=True)
    assert path.read_bytes() == first
    image_io.write(path, COLOR, overwrite=True, profile="none")
    assert image_io.read_metadata(path).icc == b""


def test_grey_pixels_are_tagged_as_grey(tmp_path):
    image_io.write(tmp_path / "a.jpg", GREY)
    with Image.open(tmp_path / "a.jpg") as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert profile.profile.xcolor_space.strip() == "GRAY"
    pixels = image_io.read(tmp_path / "a.jpg", mode="grey").astype(int)
    stored = image_io.read(tmp_path / "a.jpg", mode="grey", colors="stored")
    assert np.abs(pixels - stored).max() <= 1


def test_the_source_profile_on_request(tmp_path):
    data = encoded(COLOR, "PNG", icc_profile=wide_profile())
    pixels, metadata = image_io.read(data, with_metadata=True)
    image_io.write(tmp_path / "a.png", pixels, metadata=metadata, profile="source")
    assert image_io.read_metadata(tmp_path / "a.png").icc == wide_profile()
    assert np.abs(image_io.read(tmp_path / "a.png").astype(int) - pixels).max() <= 3
    broken = image_io.Metadata(icc=b"no profile")
    with pytest.raises(errors.InvalidArgumentError, match="profile"):
        image_io.write(tmp_path / "b.png", pixels, metadata=broken, profile="source")
    assert not (tmp_path / "b.png").exists()


# Provenance


@pytest.mark.parametrize("extension", WRITABLE)
@pytest.mark.parametrize("xmp", [b"", XMP, b"no XMP at all"])
def test_the_note_says_that_the_color_is_machine_made(tmp_path, extension, xmp):
    note = image_io.Provenance(model='de"fault & co', version="1.2", software="colorlab 9")
    path = tmp_path / f"a.{extension}"
    image_io.write(path, COLOR, metadata=image_io.Metadata(xmp=xmp), provenance=note)
    metadata = image_io.read_metadata(path)
    packet = ElementTree.fromstring(metadata.xmp.decode())
    described = [part.attrib for part in packet.iter() if f"{{{OURS}}}Model" in part.attrib]
    assert len(described) == 1
    ours = {name.split("}")[1]: value for name, value in described[0].items()}
    assert ours["Model"] == 'de"fault & co'
    assert ours["ModelVersion"] == "1.2"
    assert ours["Software"] == "colorlab 9"
    assert "machine-made" in ours["Note"]
    assert ours["DigitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert (b"A. Nonymous" in metadata.xmp) == (xmp == XMP)
    if extension in ("jpg", "png"):
        assert metadata.comment.startswith(b"The colour of this photograph is machine-made")
    # Colorized again: one note, the new one.
    again = image_io.Provenance(model="other")
    image_io.write(path, COLOR, metadata=metadata, provenance=again, overwrite=True)
    xmp = image_io.read_metadata(path).xmp
    assert xmp.count(b"machine-made") == 1
    assert b"de&quot;fault" not in xmp
    assert image_io.read_metadata(path).comment.count(b"machine-made") <= 1


def test_without_provenance_there_is_no_note(tmp_path):
    image_io.write(tmp_path / "a.png", COLOR)
    assert b"machine-made" not in (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize("extension", ["png", "tif", "webp"])
def test_alpha_is_kept_on_request(tmp_path, extension):
    pixels = np.dstack([COLOR, GREY])
    source = tmp_path / f"a.{extension}"
    Image.fromarray(pixels).save(
        source, **({"lossless": True, "exact": True} if extension == "webp" else {})
    )
    kept = image_io.read(source, mode="unchanged")
    np.testing.assert_array_equal(kept, pixels)
    target = tmp_path / f"b.{extension}"
    image_io.write(target, kept, lossless=True)
    with Image.open(target) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


# Bit-exact luma


@pytest.mark.parametrize("part", [1, 2])
def test_chroma_is_added_to_a_grey_jpeg_and_luma_stays(tmp_path, part):
    data = source("JPEG")
    upright = image_io.read(data, mode="grey")
    height, width = (-(-side // part) for side in upright.shape)
    cbcr = np.empty((height, width, 2), np.uint8)
    cbcr[..., 0], cbcr[..., 1] = 100, 150
    metadata = image_io.read_metadata(data)
    path = tmp_path / "a.jpg"
    note = image_io.Provenance(model="default")
    image_io.add_chroma(path, data, cbcr, metadata=metadata, provenance=note)
    np.testing.assert_array_equal(image_io.read(path, mode="grey"), upright)
    colored = image_io.read(path).astype(int)
    inside = (upright > 80) & (upright < 170)
    assert np.abs(colored[..., 0] - colored[..., 2] - (1.402 * 22 + 1.772 * 28))[inside].mean() < 4
    assert image_io.read_metadata(path).orientation == 6
    with Image.open(path) as image:
        assert image.getexif()[Base.Orientation] == 6
        assert image.info["dpi"] == (300, 600)
        assert b"machine-made" in image.info["comment"]


def test_chroma_that_cannot_be_added_is_refused(tmp_path):
    cbcr = np.full((64, 96, 2), 128, np.uint8)
    with pytest.raises(errors.UnsupportedFormatError, match="JPEG"):
        image_io.add_chroma(tmp_path / "a.jpg", encoded(GREY, "PNG"), cbcr)
    with pytest.raises(errors.UnsupportedFormatError, match=r"\.jpg"):
        image_io.add_chroma(tmp_path / "a.png", encoded(GREY, "JPEG"), cbcr)
    with pytest.raises(errors.ShapeError, match="64 x 96"):
        image_io.add_chroma(tmp_path / "a.jpg", encoded(GREY, "JPEG"), cbcr[1:])
    with pytest.raises(errors.DTypeError):
        image_io.add_chroma(tmp_path / "a.jpg", encoded(GREY, "JPEG"), cbcr / 255)
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.jpg").write_bytes(b"mine")
    with pytest.raises(errors.OutputError):
        image_io.add_chroma(tmp_path / "a.jpg", encoded(GREY, "JPEG"), cbcr)
    assert (tmp_path / "a.jpg").read_bytes() == b"mine"


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"quality": 20},
        {"optimize": True},
        {"progressive": True},
        {"restart_marker_rows": 2},
        {"qtables": [[(i % 64) + 3 for i in range(64)]]},
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_luma_of_any_jpeg_is_kept_and_every_reader_sees_it(tmp_path, options, half, mode):
    padded = np.ascontiguousarray(np.pad(GREY, ((0, 3), (0, 5)), mode="edge"))
    image = np.asarray(Image.fromarray(padded).convert(mode))
    data = encoded(image, "JPEG", **options)
    step = 2 if half else 1
    cbcr = np.full((-(-67 // step), -(-101 // step), 2), (100, 150), np.uint8)
    path = tmp_path / "a.jpg"
    image_io.add_chroma(path, data, cbcr, quality=95)
    before = image_io.read(data, mode="grey")
    np.testing.assert_array_equal(image_io.read(path, mode="grey"), before)
    with Image.open(path) as colored:
        assert colored.mode == "RGB"
        planes = np.asarray(colored.convert("YCbCr")).astype(int)
        inside = (before > 70) & (before < 180)
        assert np.abs(planes[inside] - np.array([0, 100, 150]))[:, 1:].max() <= 3
        assert np.abs(planes[..., 0] - before)[inside].max() <= 2
    assert len(data) * 0.5 < path.stat().st_size < len(data) * 1.5 + 2000


def test_damaged_luma_is_refused_unless_it_was_read_before(tmp_path):
    data = bytearray(encoded(GREY, "JPEG", quality=95))
    cbcr = np.full((64, 96, 2), 128, np.uint8)
    for at in range(len(data) // 2, len(data) // 2 + 4):
        data[at] = 0x55
    path = tmp_path / "a.jpg"
    try:
        image_io.read(bytes(data))
    except errors.CorruptImageError:
        with pytest.raises(errors.CorruptImageError):
            image_io.add_chroma(path, bytes(data), cbcr)
    for cut in (len(data) // 2, len(data) - 2):
        with pytest.raises(errors.TruncatedImageError):
            image_io.add_chroma(path, bytes(data[:cut]), cbcr)
    assert not path.exists()
