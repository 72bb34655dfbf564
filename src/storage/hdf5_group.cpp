// Paths and groups inside a file.

#include "hdf5_group.hpp"

namespace cauchy::storage {
namespace {

/// "/a/b/c": "/a", "/a/b", "/a/b/c".
std::vector<std::string> prefixes(const std::string& name) {
  std::vector<std::string> result;
  std::size_t start = name.find_first_not_of('/');
  while (start != std::string::npos) {
    const std::size_t end = name.find('/', start);
    result.push_back(name.substr(0, end));
    start = name.find_first_not_of('/', end);
  }
  return result;
}

void make_groups(hid_t file, const std::vector<std::string>& paths, const Subject& subject) {
  for (const std::string& path : paths) {
    if (checked(H5Lexists(file, path.c_str(), H5P_DEFAULT), "look for", subject) > 0) {
      continue;
    }
    const Handle creation = timeless(H5P_GROUP_CREATE, subject);
    Handle group(H5Gcreate2(file, path.c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Gclose, "create", subject);
    group.close(subject);
  }
}

}  // namespace

bool is_group_in(hid_t file, const std::string& name, const Subject& subject) {
  const Handle object(H5Oopen(file, name.c_str(), H5P_DEFAULT), H5Oclose, "open", subject);
  return H5Iget_type(object.id()) == H5I_GROUP;
}

// HDF5 itself takes a missing parent for an error.
bool exists(hid_t file, const std::string& name, const Subject& subject) {
  std::string parent = "/";
  for (const std::string& path : prefixes(name)) {
    if (!is_group_in(file, parent, subject) ||
        checked(H5Lexists(file, path.c_str(), H5P_DEFAULT), "look for", subject) == 0 ||
        checked(H5Oexists_by_name(file, path.c_str(), H5P_DEFAULT), "look for", subject) == 0) {
      return false;
    }
    parent = path;
  }
  return true;
}

void make_parents(hid_t file, const std::string& name, const Subject& subject) {
  std::vector<std::string> paths = prefixes(name);
  if (!paths.empty()) {
    paths.pop_back();
  }
  make_groups(file, paths, subject);
}

void make_group(hid_t file, const std::string& name, const Subject& subject) {
  make_groups(file, prefixes(name), subject);
}

}  // namespace cauchy::storage
