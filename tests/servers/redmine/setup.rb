# Run inside Rails against a migrated, empty database. Loads the default data, turns the REST API on, silences
# notifications and creates what REST cannot create: custom fields, roles, workflows, API keys. Prints the facts as JSON.
require 'digest'
ActionMailer::Base.perform_deliveries = false
# not through rake: in the same process as db:migrate it fails on stale columns, and it exits 0 when it fails
Redmine::DefaultData::Loader.load('en') if Redmine::DefaultData::Loader.no_data?
raise 'no default data' if Tracker.count.zero? || IssueStatus.count.zero?

{ rest_api_enabled: '1', notified_events: [], default_notification_option: 'none', sys_api_enabled: '0', gravatar_enabled: '0',
  host_name: '127.0.0.1', text_formatting: 'textile', session_lifetime: '0', sequential_project_identifiers: '0' }
  .each { |name, value| Setting[name] = value }

def api_key!(user)
  key = Digest::SHA1.hexdigest("bridge test server, key of #{user.login}")
  token = Token.new(user: user, action: 'api')
  token.save!
  token.update_columns(value: key)
  key
end

def user!(login, first, last, status: User::STATUS_ACTIVE)
  user = User.new(firstname: first, lastname: last, mail: "#{login}@example.invalid", language: 'en')
  user.login = login
  user.password = user.password_confirmation = 'secret-pass-1'
  user.mail_notification = 'none'
  user.save!
  user.update_columns(status: status)
  user
end

admin = User.find_by_login('admin')
admin.update_columns(must_change_passwd: false, language: 'en', mail_notification: 'none', status: User::STATUS_ACTIVE)
bridge = user!('itsm-sync', 'ITSM', 'Sync')
people = {
  'jane' => user!('jane', 'Jane', 'Doe'), 'ben' => user!('ben', 'Ben', 'Ito'), 'mia' => user!('mia', 'Mia', 'Roth'),
  'li' => user!('li', '雷', '李'), 'gone' => user!('gone', 'Gus', 'Gone', status: User::STATUS_LOCKED)
}
keys = ([admin, bridge] + people.values).map { |u| [u.login, api_key!(u)] }.to_h

def field!(klass, name, format, attrs = {})
  field = klass.new(name: name, field_format: format)
  attrs.each { |k, v| field.send("#{k}=", v) }
  field.save!
  field
end
fields = [
  field!(IssueCustomField, 'ITSM incident', 'string', is_for_all: true, is_filter: true, searchable: true, visible: true, trackers: Tracker.all.to_a),
  field!(ProjectCustomField, 'ITSM case', 'string', is_filter: true, visible: true),
  field!(VersionCustomField, 'ITSM problem', 'string', is_filter: true, visible: true),
  field!(TimeEntryCustomField, 'ITSM activity', 'string', visible: true),
  field!(IssueCustomField, 'ITSM severity', 'list', is_for_all: true, is_filter: true, visible: true,
         possible_values: %w[low medium high critical], trackers: Tracker.all.to_a)
]

# What the bridge needs, and nothing else. Names that this version does not know are left out.
NEEDED = %i[
  view_project search_project add_subprojects edit_project close_project select_project_modules select_project_publicity manage_members
  manage_versions manage_categories view_issues add_issues edit_issues edit_own_issues copy_issues manage_issue_relations manage_subtasks
  set_issues_private set_own_issues_private add_issue_notes edit_issue_notes edit_own_issue_notes view_private_notes set_notes_private
  view_issue_watchers add_issue_watchers view_wiki_pages view_wiki_edits edit_wiki_pages rename_wiki_pages view_time_entries log_time
  log_time_for_other_users view_files manage_files save_queries view_members
].freeze
known = Redmine::AccessControl.permissions.map(&:name)

def bridge_role!(name, permissions)
  role = Role.create!(name: name, permissions: permissions, issues_visibility: 'all', users_visibility: 'all', time_entries_visibility: 'all', assignable: true)
  ids = IssueStatus.pluck(:id)
  pairs = ids.map { |new| [0, new] } + ids.permutation(2).to_a # from 0: what a new issue may start with
  Tracker.pluck(:id).product(pairs).each do |tracker, (old, new)|
    WorkflowTransition.create!(role_id: role.id, tracker_id: tracker, old_status_id: old, new_status_id: new)
  end
  role
end
role = bridge_role!('Bridge', NEEDED & known)
bridge_role!('Bridge without publicity', (NEEDED & known) - [:select_project_publicity]) if known.include?(:select_project_publicity)
Setting.new_project_user_role_id = role.id.to_s # the role that the creator of a project gets in it

# The default Manager may write private notes, but the Developer only reads them; both is needed by the people of the tests.
%w[Manager Developer].each { |name| Role.find_by(name: name).add_permission!(:view_private_notes, :set_notes_private) }

parent = Project.new(name: 'Operations', is_public: false)
parent.identifier = 'operations'
parent.enabled_module_names = %w[issue_tracking time_tracking wiki files]
parent.trackers = Tracker.all.to_a
parent.save!
manager, developer = Role.find_by(name: 'Manager'), Role.find_by(name: 'Developer')
{ bridge => role, people['jane'] => manager, people['ben'] => developer, people['mia'] => developer, people['li'] => developer,
  people['gone'] => developer }.each { |user, its_role| Member.create!(project: parent, principal: user, roles: [its_role]) }

ids = ->(scope) { scope.to_h { |row| [row.name, row.id] } }
puts JSON.dump(
  version: Redmine::VERSION.to_s, parent_project: parent.identifier, parent_project_id: parent.id, creator_role: role.name,
  people: ([admin, bridge] + people.values).to_h { |u| [u.login, { id: u.id, key: keys[u.login], mail: u.mail, name: u.name }] },
  custom_fields: ids.call(fields), trackers: ids.call(Tracker.all), statuses: ids.call(IssueStatus.all),
  priorities: ids.call(IssuePriority.all), activities: ids.call(TimeEntryActivity.all), roles: ids.call(Role.givable)
)
