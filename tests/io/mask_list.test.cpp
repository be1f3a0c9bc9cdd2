// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/mask_list.hpp>

using namespace upset;

namespace {

/// A picture file of 1 x 2 pixels, grey or in colours.
Bytes pixels_file(const std::string& magic, const Bytes& values) {
  const std::string header = magic + " 2 1 255\n";
  Bytes file(header.begin(), header.end());
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

struct MaskFiles {
  Scratch folder;

  MaskFiles() {
    std::filesystem::create_directory(folder.path() / "masks");
    folder.write("a.ppm", pixels_file("P6", {1, 2, 3, 4, 5, 6}));
    folder.write("b c.ppm", pixels_file("P5", {7, 8}));
    folder.write("masks/a.pgm", pixels_file("P5", {0, 11}));
    folder.write("masks/b.ppm", pixels_file("P6", {2, 2, 2, 3, 3, 3}));
    folder.write("tall.pgm", {'P', '5', ' ', '1', ' ', '2', ' ', '9', '\n', 0, 0});
  }
  [[nodiscard]] MaskedPictures load(const std::string& text) const {
    folder.write("list.txt", Bytes(text.begin(), text.end()));
    return load_mask_list(folder.path() / "list.txt");
  }
  [[nodiscard]] std::string refused(const std::string& text) const {
    return complaint([&] { (void)load(text); });
  }
};

}  // namespace

TEST_CASE("load_mask_list: pictures and the classes of their pixels, in the order of the list") {
  const MaskFiles files;
  const MaskedPictures two = files.load("a.ppm masks/a.pgm\r\n\nb c.ppm\tmasks/b.ppm");
  CHECK(two.pictures.shape() == Shape{1, 2, 3});
  CHECK(two.pictures.size() == 2);
  CHECK(two.pictures.pixels == Bytes{1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 8, 8});
  CHECK(two.classes == std::vector<std::uint16_t>{0, 11, 2, 3});
  CHECK(std::vector<std::uint16_t>(two.mask(1).begin(), two.mask(1).end()) ==
        std::vector<std::uint16_t>{2, 3});
  CHECK(load_mask_list(files.folder.path() / "list.txt", 1).classes.size() == 2);
}

TEST_CASE("load_mask_list: what is wrong is said of the file or the line") {
  const MaskFiles files;
  CHECK(contains(files.refused(""), "list.txt: lists no pictures"));
  CHECK(contains(files.refused("a.ppm masks/a.pgm\na.ppm\n"), "list.txt:2: should be a picture"));
  CHECK(contains(files.refused("a.ppm masks/a.pgm more"), "list.txt:1: should be a picture"));
  CHECK(contains(files.refused("a.ppm nothing.pgm"), "nothing.pgm: no such file"));
  CHECK(contains(files.refused("a.ppm a.ppm"),
                 (files.folder.path() / "a.ppm: is coloured; a mask is grey").string()));
  CHECK(contains(files.refused("a.ppm tall.pgm"),
                 "tall.pgm: has 2 x 1 pixels, and the first picture 1 x 2"));
  CHECK(contains(complaint([&] { (void)load_mask_list(files.folder.path() / "no.txt"); }),
                 "no.txt: no such file"));
}
