#pragma once
/// Paths and groups inside a file. Private to storage.

#include <string>
#include <vector>

#include "hdf5_call.hpp"

namespace cauchy::storage {

/// Whether the object of this name, which must exist, is a group.
bool is_group_in(hid_t file, const std::string& name, const Subject& subject);

/// Whether there is an object of this name; a missing parent is no error.
bool exists(hid_t file, const std::string& name, const Subject& subject);

/// Makes a group and its parents, those that are missing.
void make_group(hid_t file, const std::string& name, const Subject& subject);

/// Makes the groups above an object, those that are missing.
void make_parents(hid_t file, const std::string& name, const Subject& subject);

}  // namespace cauchy::storage
