//! Accounts whose files this process believes: its own and root's.

use uzers::os::unix::GroupExt;

/// Returns `true` for this process's account and for root.
pub fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == myself()
}

pub fn myself() -> u32 {
    uzers::get_effective_uid()
}

/// Returns the user's name, or the user id if it has no name.
pub fn name_of(user: u32) -> String {
    let found = uzers::get_user_by_uid(user);
    found.map_or_else(|| user.to_string(), |user| user.name().to_string_lossy().into_owned())
}

/// Returns `true` if no other account is in the group: root's, or the private group that most distributions give to
/// each account, whose folders members of the group may write to by default.
pub fn is_private_group(group: u32) -> bool {
    let me = myself();
    let Some(found) = uzers::get_group_by_gid(group) else { return group == me };
    let my_name = name_of(me);
    let is_named_as_mine = group == 0 || found.name().to_string_lossy() == my_name;
    let is_mine = |member: &std::ffi::OsString| member.to_string_lossy() == my_name || member == "root";
    is_named_as_mine && found.members().iter().all(is_mine)
}
