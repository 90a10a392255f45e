// SPDX-License-Identifier: Apache-2.0
//
// State space: a new file, an old one, links to either, in chains and in circles, pipes, devices,
// files that are open by their numbers, a directory, places where nothing can be written; files
// that are missing, empty or no files. Parameters: none.

#include "models/whole_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>

#include "models/descriptor.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

TEST_CASE("a file is written whole and replaces what was there", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("a");
  write_whole_file(path, "first, and longer");
  CHECK(read_file(path) == "first, and longer");
  const std::array<std::string_view, 3> parts = {"sec", "", "ond"};
  write_whole_file(path, parts);
  CHECK(read_file(path) == "second");
  CHECK(folder.entries() == 1);
}

TEST_CASE("bytes are copied from any memory and from files that are mapped", "[models]") {
  const TempFolder folder;
  const std::string text(10000, 'a'), other(5000, 'b');
  write_whole_file(folder.file("a"), text + "end");
  write_whole_file(folder.file("b"), other);
  char to[6] = "?????";
  CHECK(copy_bytes(text.data() + 9990, 3, to));
  CHECK(std::string(to) == "aaa??");
  {
    const MappedFile a = map_file(folder.file("a")), b = map_file(folder.file("b"));
    CHECK(copy_bytes(a.bytes.data() + 9999, 4, to));
    CHECK(std::string(to) == "aend?");
    CHECK(copy_bytes(b.bytes.data() + 4995, 5, to));
    CHECK(std::string(to) == "bbbbb");
    fs::resize_file(folder.file("a"), 100);
    CHECK(copy_bytes(a.bytes.data() + 95, 5, to));
    CHECK_FALSE(copy_bytes(a.bytes.data() + 96, 5, to));
    CHECK_FALSE(copy_bytes(a.bytes.data() + 9999, 4, to));
  }
  const MappedFile again = map_file(folder.file("b"));
  CHECK(copy_bytes(again.bytes.data(), 2, to));
}

TEST_CASE("writing through a link keeps the link", "[models]") {
  const TempFolder folder;
  write_whole_file(folder.file("real"), "old");
  fs::create_symlink(folder.file("real"), folder.file("link"));
  write_whole_file(folder.file("link"), "new");
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(read_file(folder.file("real")) == "new");
}

TEST_CASE("a link is written through though nothing is there yet", "[models]") {
  const TempFolder folder;
  fs::create_directory(folder.file("sub"));
  fs::create_symlink("sub/real", folder.file("link"));  // relative to the link
  fs::create_symlink(folder.file("link"), folder.file("twice"));
  check_writable(folder.file("twice"));
  CHECK_FALSE(fs::exists(folder.file("sub/real")));
  write_whole_file(folder.file("twice"), "new");
  CHECK(fs::is_symlink(folder.file("twice")));
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(read_file(folder.file("sub/real")) == "new");
  CHECK(folder.entries() == 3);

  fs::create_symlink(folder.file("circle"), folder.file("circle"));
  CHECK_THROWS_WITH(write_whole_file(folder.file("circle"), "x"),
                    Contains("circle: cannot write: Too many levels of symbolic links"));
  CHECK_THROWS_WITH(check_writable(folder.file("circle")), Contains("circle: cannot write"));
  fs::create_symlink(folder.file("no/such"), folder.file("nowhere"));
  CHECK_THROWS_WITH(write_whole_file(folder.file("nowhere"), "x"),
                    Contains("nowhere: cannot write: No such file"));
  CHECK(fs::is_symlink(folder.file("nowhere")));
}

TEST_CASE("a directory is written through a link", "[models]") {
  const TempFolder folder, other;
  const std::string target = other.file("d");
  if (GENERATE(false, true)) fs::create_directory(target);
  fs::create_symlink(target, folder.file("link"));
  check_writable_directory(folder.file("link"));
  WholeDirectory directory(folder.file("link"));
  write_whole_file(directory.path_of("a"), "x");
  directory.finish();
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(read_file(target + "/a") == "x");
  CHECK(folder.entries() == 1);
  CHECK(other.entries() == 1);
}

TEST_CASE("a file that is open by its number is written on in its place", "[models]") {
  const TempFolder folder;
  const Descriptor file(::open(folder.file("a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  REQUIRE(::write(file.get(), "1", 1) == 1);
  for (const char* name : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::string path = name + std::to_string(file.get());
    check_writable(path);
    write_whole_file(path, "23");
  }
  REQUIRE(::write(file.get(), "4", 1) == 1);
  CHECK(read_file(folder.file("a")) == "123234");
  CHECK(folder.entries() == 1);
  const Descriptor reading(::open(folder.file("a").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK_THROWS_WITH(check_writable("/dev/fd/" + std::to_string(reading.get())),
                    Contains("cannot write: Bad file descriptor"));
  CHECK_THROWS_WITH(check_writable("/dev/fd/999999"), Contains("cannot write: Bad file"));
  CHECK_THROWS_WITH(write_whole_file("/dev/fd/999999", "x"), Contains("cannot write: Bad file"));
}

TEST_CASE("a named pipe is neither replaced nor opened before there is something to say",
          "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
  check_writable(path);  // without a reader as well
  const Descriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(reader.get() >= 0);
  check_writable(path);
  pollfd end{reader.get(), POLLIN, 0};
  CHECK(::poll(&end, 1, 0) == 0);  // no writer has come and gone
  write_whole_file(path, "text");
  char text[5] = "";
  CHECK(::read(reader.get(), text, 4) == 4);
  CHECK(std::string(text) == "text");
  CHECK(fs::is_fifo(path));
  CHECK(folder.entries() == 1);
}

TEST_CASE("what is no regular file is written in place", "[models]") {
  const TempFolder folder;
  CHECK_THROWS_WITH(check_writable(folder.file("")), Contains("cannot write: Is a directory"));
  write_whole_file("/dev/null", "x");
  check_writable("/dev/null");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_THROWS_WITH(write_whole_file("/dev/full", "x"), Contains("/dev/full: cannot write"));
}

TEST_CASE("an unwritable place is named and nothing is left behind", "[models]") {
  const TempFolder folder;
  const std::string missing = folder.file("no/such/file");
  CHECK_THROWS_WITH(write_whole_file(missing, "x"), Contains(missing + ": cannot write"));
  CHECK_THROWS_WITH(check_writable(missing), Contains(missing + ": cannot write"));
  CHECK_THROWS_WITH(check_writable(folder.file("")), Contains("cannot write"));
  CHECK_THROWS_WITH(check_writable(""), Contains("empty name"));
  check_writable(folder.file("fine"));
  CHECK(folder.entries() == 0);
}

TEST_CASE("two options may not name one file however it is spelt", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("a"), there = folder.file("there");
  write_whole_file(there, "old");
  fs::create_symlink(there, folder.file("link"));
  fs::create_symlink(folder.file(""), folder.file("folder"));
  const auto refused = [](const std::string& first, const std::string& second) {
    CHECK_THROWS_WITH(check_outputs({{"--json", first}, {"--none", ""}, {"--csv", second}}),
                      Contains(second + ": named by --json and --csv"));
  };
  refused(path, path);
  refused(path, folder.file("./a"));
  refused(folder.file("b/../a"), path);
  refused(path, folder.file("folder/a"));
  refused(there, folder.file("link"));
  refused("no_such_file", "./no_such_file");
  fs::create_symlink("a", folder.file("dangling"));
  fs::create_symlink(folder.file("dangling"), folder.file("twice"));
  refused(path, folder.file("dangling"));
  refused(folder.file("twice"), path);

  check_outputs({{"--json", path}, {"--csv", folder.file("b")}, {"--plot", there}});
  check_outputs({{"--json", ""}, {"--csv", ""}});
  check_outputs({{"--json", path}}, {"", folder.file("in")});
  CHECK_THROWS_WITH(check_outputs({{"--json", path}}, {there, path}),
                    Contains("named by --json, which would replace"));
  check_outputs({{"--json", "/dev/null"}, {"--csv", "/dev/null"}});
  check_outputs({{"--json", "/dev/stdout"}, {"--csv", "/dev/null"}, {"--plot", "/dev/stderr"}},
                {"/dev/stdout"});
  CHECK_THROWS_WITH(
      check_outputs({{"--json", "/dev/stdout"}, {"--csv", "/dev/fd/1"}}),
      Contains("/dev/fd/1: named by --json and --csv, which need files of their own"));
  CHECK_THROWS_WITH(check_outputs({{"--json", path}, {"--csv", folder.file("no/such/file")}}),
                    Contains("no/such/file: cannot write"));
  CHECK(folder.entries() == 5);
}

TEST_CASE("a write that fails half-way leaves the old file and nothing else", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("a");
  write_whole_file(path, "old");
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, SIG_IGN);  // the limit is then an error of write()
  const rlimit small{1000, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string what;
  try {
    write_whole_file(path, std::string(5000, 'x'));
  } catch (const std::runtime_error& e) {
    what = e.what();
  }
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK_THAT(what, Contains(path + ": cannot write"));
  CHECK(read_file(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file that is not finished leaves the old one and nothing else", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("a");
  write_whole_file(path, "old");
  {
    WholeFile file(path);
    file.write("ne");
    file.write("w");
    CHECK(file.written() == 3);
    CHECK(read_file(path) == "old");
    CHECK(folder.entries() == 2);
  }
  CHECK(read_file(path) == "old");
  CHECK(folder.entries() == 1);
  WholeFile file(path);
  file.write("new");
  file.finish();
  CHECK(read_file(path) == "new");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a directory is written whole or not at all", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("d");
  {
    const WholeDirectory directory(path);
    write_whole_file(directory.path_of("a"), "x");
    CHECK_FALSE(fs::exists(path));
  }
  CHECK(folder.entries() == 0);
  if (GENERATE(false, true)) fs::create_directory(path);  // an empty one may be there
  WholeDirectory directory(path + "/");
  write_whole_file(directory.path_of("a"), "x");
  directory.finish();
  CHECK(read_file(path + "/a") == "x");
  CHECK(folder.entries() == 1);

  CHECK_THROWS_WITH(WholeDirectory(path), Contains(path + ": is not empty"));
  CHECK_THROWS_WITH(check_writable_directory(path), Contains("is not empty"));
  CHECK_THROWS_WITH(WholeDirectory(path + "/a"), Contains("is a file"));
  CHECK_THROWS_WITH(WholeDirectory(folder.file("no/such")), Contains("no/such: cannot write"));
  CHECK_THROWS_WITH(WholeDirectory(""), Contains("empty name"));
  check_writable_directory(folder.file("fine"));
  CHECK(folder.entries() == 1);
}

TEST_CASE("a mapped file outlives its name", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("a");
  write_whole_file(path, "abc");
  const MappedFile file = map_file(path);
  fs::remove(path);
  REQUIRE(file.bytes.size() == 3);
  CHECK(static_cast<char>(file.bytes[2]) == 'c');
}

TEST_CASE("a pipe is not mapped, and nobody waits for who writes into it", "[models]") {
  const TempFolder folder;
  const std::string path = folder.file("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(map_file(path), Contains("pipe: not a regular file"));
}

TEST_CASE("what cannot be mapped is named", "[models]") {
  const TempFolder folder;
  CHECK_THROWS_WITH(map_file(folder.file("none")), Contains("none: cannot open"));
  CHECK_THROWS_WITH(map_file(folder.file("")),
                    Contains("not a regular file; only texts may come from a pipe"));
  write_whole_file(folder.file("empty"), "");
  CHECK_THROWS_WITH(map_file(folder.file("empty")), Contains("empty: the file is empty"));
}

}  // namespace
}  // namespace tern::models
