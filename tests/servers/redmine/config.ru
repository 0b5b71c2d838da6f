# Runs Debian's Redmine from outside /usr/share/redmine, with settings of our own.
require '/usr/share/redmine/config/application'
Rails.application.config.log_level = (ENV['RM_LOG_LEVEL'] || 'warn').to_sym
# In the process itself, not on the disk: the file store of Debian is shared by nobody here anyway.
Rails.application.config.cache_store = :memory_store
# A request that causes mail is answered when the mail is delivered: a test needs no waiting to know that there is no more.
Rails.application.config.active_job.queue_adapter = :inline if ENV['RM_SMTP_PORT']

# SQLite with several threads: the busy timeout of sqlite3-ruby 1.4 sleeps with Ruby's global lock
# held, so the thread that has the database lock cannot go on: 10 s stall, then BusyException = HTTP 500.
# A busy handler in Ruby sleeps without that lock; BEGIN IMMEDIATE avoids the lock upgrade that fails
# at once. (Rails 8 does the same by itself.) Test machinery only: PostgreSQL needs none of it.
ActiveSupport.on_load(:active_record) do
  require 'active_record/connection_adapters/sqlite3_adapter'
  ActiveRecord::ConnectionAdapters::SQLite3Adapter.prepend(Module.new do
    def configure_connection
      super
      raw = @raw_connection || @connection
      raw.busy_handler { |n| sleep(0.001 * [n + 1, 10].min); n < 3000 }
      raw.execute('PRAGMA journal_mode=WAL')
      raw.execute('PRAGMA synchronous=OFF')
    end

    def begin_db_transaction
      if respond_to?(:with_raw_connection, true) # Rails 7.1 and later
        with_raw_connection(allow_retry: true, materialize_transactions: false) { |c| c.transaction(:immediate) }
      else
        @connection.transaction(:immediate)
      end
    end
  end)
end
require '/usr/share/redmine/config/environment'

# Options of this instance, on top of what the template has.
if ENV['RM_SMTP_PORT'] # mail as Redmine does it when nobody has changed anything
  ActionMailer::Base.perform_deliveries = true
  ActionMailer::Base.raise_delivery_errors = true
  ActionMailer::Base.delivery_method = :smtp
  ActionMailer::Base.smtp_settings = { address: '127.0.0.1', port: ENV['RM_SMTP_PORT'].to_i, enable_starttls_auto: false }
  Setting.where(name: %w[notified_events default_notification_option]).destroy_all
  User.where(type: 'User').update_all(mail_notification: Setting.available_settings['default_notification_option']['default'])
end
if ENV['RM_CREATOR_ROLE']
  role = Role.find_by(name: ENV['RM_CREATOR_ROLE'])
  Setting.new_project_user_role_id = role.id.to_s if role # versions without that permission have only the one role
end
Setting.clear_cache
run Rails.application
